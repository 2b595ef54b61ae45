import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

import { IconButton } from './button.js';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** A drawer comes from the side. */
  readonly kind?: 'window' | 'drawer' | 'drawer-left';
  readonly children: ComponentChildren;
}

/** What must be dealt with before anything else: the browser keeps the focus inside, and Escape closes it. */
export function Dialog({ title, onClose, kind = 'window', children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isThere = useRef(true);
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      // Whoever takes it away has dealt with its end; closing it gives the focus back to where it was.
      isThere.current = false;
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={`dialog ${kind}`}
      aria-labelledby={id}
      onClose={() => {
        if (isThere.current) onClose();
      }}
      onClick={(event) => {
        // What is not inside the panel is the backdrop.
        if (event.target === box.current) box.current?.close();
      }}
    >
      <div class="dialog-panel">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <IconButton icon="close" label="Close" onClick={() => box.current?.close()} />
        </header>
        <div class="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}
