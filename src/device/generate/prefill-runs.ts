import type { PrefillRow } from '../../core/batch.js';
import type { PrefillRule } from '../backend.js';
import type { RoutedRow } from '../routing-record.js';

/** Rows of one run that go through the head: their logits are `[rows, vocabSize]`. */
export const PREFILL_HEAD_ROWS = 64;

/** One run `[1, tokens.length]` of the model on a slot. */
export interface PrefillRun {
  /** Row of the first token. */
  readonly position: number;
  readonly tokens: Int32Array;
  /** Rows that hold the prompt's KV afterwards: `[0, endPosition)`. Dummy rows, behind them, are none of them. */
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

export interface CutOptions {
  /** First prompt position to score; default: none. */
  readonly scoreFrom?: number;
  /** The sampled row may have to be computed again, for a mask that is late. */
  readonly mayStall?: boolean;
  /** Lengths at which a run has to end: the state behind it is wanted. */
  readonly ends?: readonly number[];
}

/** Cuts a prompt part into runs, by the rule of the device. */
export function cutPrefill(
  row: PrefillRow,
  rule: PrefillRule,
  { scoreFrom = Infinity, mayStall = false, ends = [] }: CutOptions = {},
): PrefillRun[] {
  const runs: PrefillRun[] = [];
  const end = row.position + row.tokens.length;
  // Where no row can be taken back, nothing else is in the run of one that may have to be.
  const alone = mayStall && row.sample && rule.padding === 'even behind' ? end - 1 : end;
  for (let from = row.position; from < end;) {
    const firstHead = Math.max(from, scoreFrom - 1);
    const until = Math.min(from < alone ? alone : end, ...ends.filter((at) => at > from));
    const to = Math.min(from + rule.maxRows, until, firstHead + PREFILL_HEAD_ROWS);
    runs.push(makeRun(row, { from, to, last: to === end }, { scoreFrom, padding: rule.padding }));
    from = to;
  }
  return runs;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly last: boolean;
}

interface RunOptions {
  readonly scoreFrom: number;
  readonly padding: PrefillRule['padding'];
}

/** The row at position p scores the token at p + 1. */
function makeRun(row: PrefillRow, span: Span, { scoreFrom, padding }: RunOptions): PrefillRun {
  const numRows = span.to - span.from;
  const numLacking = typeof padding === 'string' ? numRows % 2 : Math.max(0, padding - numRows);
  const first = padding === 'even' && span.from > 0 ? span.from - numLacking : span.from;
  const scores: PromptScore[] = [];
  for (let position = Math.max(span.from + 1, scoreFrom); position <= span.to; position++) {
    const token = tokenAt(row, position);
    if (token >= 0) scores.push({ row: position - 1 - first, position, token });
  }
  const sampleRow = span.last && row.sample ? span.to - 1 - first : -1;
  return {
    position: first,
    tokens: runTokens(row, span, { first, numLacking }),
    endPosition: span.to,
    scores,
    sampleRow,
  };
}

/** Those of the span, with the one before them or as many dummies behind them as rows are lacking. */
function runTokens(
  row: PrefillRow,
  { from, to }: Span,
  { first, numLacking }: { readonly first: number; readonly numLacking: number },
): Int32Array {
  const own = row.tokens.subarray(from - row.position, to - row.position);
  if (numLacking === 0) return own;
  if (first < from) return Int32Array.of(tokenAt(row, from - 1), ...own);
  const tokens = new Int32Array(own.length + numLacking).fill(own.at(-1) ?? 0);
  tokens.set(own);
  return tokens;
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
