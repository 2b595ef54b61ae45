import { useFlash } from './hooks.js';
import { Icon } from './icons.js';

interface CopyButtonProps {
  readonly text: () => string;
  readonly label: string;
  /** Shown beside the picture; left out = the picture alone. */
  readonly children?: string;
}

export function CopyButton({ text, label, children }: CopyButtonProps) {
  const [isDone, flash] = useFlash();
  return (
    <button
      type="button"
      class={children === undefined ? 'icon-button' : 'button'}
      aria-label={label}
      title={label}
      onClick={() => {
        void navigator.clipboard.writeText(text()).then(flash);
      }}
    >
      <Icon name={isDone ? 'check' : 'copy'} />
      {children !== undefined && (isDone ? 'Copied' : children)}
    </button>
  );
}
