/** A grammar that cannot be compiled: the sentence is for the client. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
}

/** Following a grammar costs more than one answer may: too ambiguous, or too many states at once. */
export class GrammarLimitError extends Error {
  override readonly name = 'GrammarLimitError';
}
