/** Settles when all that waits for nothing but settled promises has happened. */
export function turnOfEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
