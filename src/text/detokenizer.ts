/** Turns a request's output ids into text while they arrive. The deltas add up to the whole text. */
export interface Detokenizer {
  /** Text that this token completes; empty while a character is incomplete. */
  push(id: number): string;
  /** What is still held back; call once, at the end. */
  flush(): string;
}
