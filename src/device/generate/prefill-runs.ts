import type { PrefillRow } from '../../core/batch.js';
import type { RoutedRow } from './step-output.js';

/** Rows of one prefill run: attention computes the whole square of a run, so that longer ones waste more. */
export const PREFILL_RUN_ROWS = 256;
/** Rows of one run that go through the head: their logits are `[rows, vocabSize]`. */
export const PREFILL_HEAD_ROWS = 64;

/** One run `[1, tokens.length]` of the model on a slot; an even number of rows. */
export interface PrefillRun {
  /** Row of the first token. */
  readonly position: number;
  readonly tokens: Int32Array;
  /** Rows that hold the prompt's KV afterwards: `[0, endPosition)`. A dummy row is not one of them. */
  readonly endPosition: number;
  readonly scores: readonly PromptScore[];
  /** Index in `tokens` of the row whose logits give the first output token, or -1. */
  readonly sampleRow: number;
}

/** The log-probability of the prompt token at `position`, from the logits of run row `row`. */
export interface PromptScore {
  readonly row: number;
  readonly position: number;
  readonly token: number;
}

/**
 * Cuts a prompt part into runs of an even number of rows: attention takes another kernel, with other
 * rounding, for a row that is left over (graph/contract.ts). An odd run computes the row before it again, or, at
 * the start of a prompt, a dummy row after it.
 *
 * @param scoreFrom first prompt position to score, or Infinity
 */
export function cutPrefill(row: PrefillRow, scoreFrom: number): PrefillRun[] {
  const runs: PrefillRun[] = [];
  const end = row.position + row.tokens.length;
  for (let from = row.position; from < end;) {
    const to = Math.min(end, runEnd(from, end, scoreFrom));
    runs.push(makeRun(row, { from, to, last: to === end }, scoreFrom));
    from = to;
  }
  return runs;
}

/** The row at position p scores the token at p + 1. */
function runEnd(from: number, end: number, scoreFrom: number): number {
  const firstHead = Math.max(from, scoreFrom - 1);
  return Math.min(from + PREFILL_RUN_ROWS, end, firstHead + PREFILL_HEAD_ROWS);
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly last: boolean;
}

function makeRun(row: PrefillRow, span: Span, scoreFrom: number): PrefillRun {
  const isOdd = (span.to - span.from) % 2 === 1;
  const first = isOdd && span.from > 0 ? span.from - 1 : span.from;
  const scores: PromptScore[] = [];
  for (let position = Math.max(span.from + 1, scoreFrom); position <= span.to; position++) {
    const token = tokenAt(row, position);
    if (token >= 0) scores.push({ row: position - 1 - first, position, token });
  }
  const sampleRow = span.last && row.sample ? span.to - 1 - first : -1;
  return {
    position: first,
    tokens: spanTokens(row, span, isOdd),
    endPosition: span.to,
    scores,
    sampleRow,
  };
}

function spanTokens(row: PrefillRow, { from, to }: Span, isOdd: boolean): Int32Array {
  const own = row.tokens.subarray(from - row.position, to - row.position);
  if (!isOdd) return own;
  if (from > 0) return Int32Array.of(tokenAt(row, from - 1), ...own);
  return Int32Array.of(...own, own.at(-1) ?? 0);
}

/** The prompt's token at a position, or -1 past its end. */
function tokenAt(row: PrefillRow, position: number): number {
  const index = position - row.position;
  if (index < 0) return row.previousToken;
  return index < row.tokens.length ? (row.tokens[index] ?? -1) : row.nextToken;
}

/** The rows that a run adds to a slot of `length` rows: not the one before them, nor a dummy after them. */
export function prefillRows(run: PrefillRun, length: number, planRow: number): RoutedRow[] {
  return Array.from({ length: run.endPosition - length }, (_, i) => {
    const position = length + i;
    const runRow = position - run.position;
    return { runRow, planRow, position, token: run.tokens[runRow] ?? 0 };
  });
}
