/** Where the keyboard goes on when what had it is gone. On a touch screen the box would bring up its keys: the thread has it there. */
export function focusChat(): void {
  const place = matchMedia('(hover: none)').matches ? '.thread' : '#composer';
  document.querySelector<HTMLElement>(place)?.focus({ preventScroll: true });
}

/** Puts the focus on the button that steps on among branches, of the message that has come in another's place. */
export function focusBranch(message: string, label: string): void {
  const buttons = document.querySelectorAll<HTMLButtonElement>(
    `[data-message="${CSS.escape(message)}"] .branches button:enabled`,
  );
  const all = [...buttons];
  (all.find((one) => one.ariaLabel === label) ?? all[0])?.focus({ preventScroll: true });
}
