/** What the tokens of a sample have become for its client's eyes, and how much of that a stream has sent. */

/** The part of a sample that a stream has sent. */
export interface Sent {
  readonly tokens: number;
  /** UTF-16 units of the visible text. */
  readonly chars: number;
  /** True until the sample's first chunk has left. */
  readonly isFirst: boolean;
  /** Unix seconds at which the first chunk left, or leaves now. */
  readonly firstTs: number;
}

export function nothingSent(nowTs: number): Sent {
  return { tokens: 0, chars: 0, isFirst: true, firstTs: nowTs };
}

/** A sample as far as its content goes; `text` is null or absent without a tokenizer. */
interface Sample {
  readonly outputIds: readonly number[];
  readonly text?: string | null;
}

/** What is new of a sample since `sent`. */
export interface Content {
  /** Null with `--skip-tokenizer-init`. What a stop string could still take away is not in it. */
  readonly text: string | null;
  readonly outputIds: readonly number[];
}

export function contentSince({ text, outputIds }: Sample, sent: Sent): Content {
  return { text: text?.slice(sent.chars) ?? null, outputIds: outputIds.slice(sent.tokens) };
}

/** All of a sample is sent with the next chunk. Text that shrank stays sent. */
export function sentAll({ text, outputIds }: Sample, { chars, firstTs }: Sent): Sent {
  const numChars = Math.max(chars, text?.length ?? 0);
  return { tokens: outputIds.length, chars: numChars, isFirst: false, firstTs };
}
