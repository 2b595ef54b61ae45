import { copyText } from './copy-text.js';
import { useFlash } from './hooks.js';
import { Icon } from './icons.js';

interface CopyButtonProps {
  readonly text: () => string;
  readonly label: string;
  /** Beside the picture; else it is told to who asks for it. */
  readonly showsLabel?: boolean;
}

export function CopyButton({ text, label, showsLabel = false }: CopyButtonProps) {
  const [isDone, flash] = useFlash();
  return (
    <button
      type="button"
      class={showsLabel ? 'button' : 'icon-button'}
      aria-label={showsLabel ? undefined : label}
      title={showsLabel ? undefined : label}
      onClick={() => {
        copyText(text()).then(flash, () => undefined);
      }}
    >
      <Icon name={isDone ? 'check' : 'copy'} />
      {showsLabel && (isDone ? 'Copied' : label)}
    </button>
  );
}
