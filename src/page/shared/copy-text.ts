/** As far as it is asked for: outside HTTPS and this machine itself a browser has no clipboard to write to. */
interface Copier {
  readonly clipboard?: Clipboard;
}

/** Puts a text on the clipboard. @throws Error where the browser does not let it */
export async function copyText(text: string): Promise<void> {
  const { clipboard } = navigator as Copier;
  if (clipboard !== undefined) await clipboard.writeText(text);
  else copySelected(text);
}

/** The old way, which works on a phone that reaches the server by its address too. */
function copySelected(text: string): void {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden';
  // Nothing outside an open dialog can be selected.
  (before?.closest('dialog') ?? document.body).append(area);
  area.select();
  const { execCommand } = document as unknown as { execCommand: (name: string) => boolean };
  const isDone = execCommand.call(document, 'copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  if (!isDone) throw new Error('The browser does not let the page copy.');
}
