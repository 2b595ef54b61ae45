/** An update of the weights that cannot be; the old ones serve on. The message is what the client reads. */
export class UpdateFailure extends Error {
  override readonly name = 'UpdateFailure';
}

/** SGLang's words around why weights did not become the running ones. */
export function rolledBack(error: unknown): UpdateFailure {
  const message = `Failed to update weights: ${sentenceOf(error)}.\nRolling back to original weights.`;
  return new UpdateFailure(message, { cause: error });
}

/** Without the full stop, which the message around it brings. */
export function sentenceOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
