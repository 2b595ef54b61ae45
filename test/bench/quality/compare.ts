import { addRows, NO_DIVERGENCE, type Divergence } from './divergence.js';
import type { Teacher } from './teacher.js';

/** A piece of text that is read from position 0, and the rows of it that count. */
export interface Window {
  readonly tokens: readonly number[];
  /** Rows `[from, from + next.length)`; `next[i]` is the token behind row `from + i`. */
  readonly from: number;
  readonly next: readonly number[];
}

/** All rows of a text, in windows of `size` tokens. */
export function wholeText(tokens: readonly number[], size: number): Window[] {
  const windows: Window[] = [];
  for (let at = 0; at + 1 < tokens.length; at += size) {
    const slice = tokens.slice(at, at + size);
    windows.push({ tokens: slice, from: 0, next: tokens.slice(at + 1, at + 1 + slice.length) });
  }
  return windows;
}

/**
 * The rows that llama-perplexity counts: of whole windows the second half, whose rows have seen some text, but for the
 * last row, whose next token is in no window.
 */
export function secondHalves(tokens: readonly number[], size: number): Window[] {
  const from = Math.floor(size / 2);
  return Array.from({ length: Math.floor(tokens.length / size) }, (_, i) => {
    const slice = tokens.slice(i * size, (i + 1) * size);
    return { tokens: slice, from, next: slice.slice(from + 1) };
  });
}

/** Teacher-forced: both read the same tokens, whatever they would have said. */
export async function compare(
  reference: Teacher,
  candidate: Teacher,
  windows: readonly Window[],
): Promise<Divergence> {
  let total = NO_DIVERGENCE;
  for (const { tokens, from, next } of windows) {
    const vocab = reference.vocabSize;
    const rowsOf = async (teacher: Teacher) =>
      (await teacher.logprobs(tokens)).subarray(from * vocab, (from + next.length) * vocab);
    const rows = { reference: await rowsOf(reference), candidate: await rowsOf(candidate) };
    total = addRows(total, { ...rows, next, vocab });
  }
  return total;
}
