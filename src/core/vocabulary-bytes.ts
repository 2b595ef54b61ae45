/** The bytes of every token, as they cross threads: one array for all. */
export interface VocabularyBytes {
  /** Rows of the model's logits. */
  readonly vocabSize: number;
  /** Token i is `bytes[starts[i], starts[i + 1])`; empty = it has no text. `[vocabSize + 1]`, shared. */
  readonly starts: Int32Array;
  /** Shared. */
  readonly bytes: Uint8Array;
  /** Content of special tokens, by id. They have no bytes of their own. */
  readonly specials: readonly (readonly [id: number, content: string])[];
}

/** Joins what each token stands for. */
export function joinBytes(
  tokens: readonly Uint8Array[],
  specials: VocabularyBytes['specials'],
): VocabularyBytes {
  const numBytes = tokens.reduce((sum, token) => sum + token.length, 0);
  const starts = new Int32Array(new SharedArrayBuffer(4 * (tokens.length + 1)));
  const bytes = new Uint8Array(new SharedArrayBuffer(numBytes));
  let at = 0;
  tokens.forEach((token, id) => {
    bytes.set(token, at);
    at += token.length;
    starts[id + 1] = at;
  });
  return { vocabSize: tokens.length, starts, bytes, specials };
}
