import type { Test } from 'tap';
import type { Determinism } from '../../../src/core/device-facts.js';
import type { PlanLogprobRow } from '../../../src/core/batch.js';
import type { Golden } from '../../unit/model/golden.js';
import { bitsOf, type Story } from '../../unit/device/runner-harness.js';
import type { DeviceRig } from './rig.js';

/** What every check gets: one device, and what it is measured against. */
export interface Bench {
  readonly rig: DeviceRig;
  /** The CPU with the same model: for a CPU itself, this device. */
  readonly cpu: DeviceRig;
  readonly golden: Golden;
  /** Most that a log-probability or a final hidden state may be off, in nats. */
  readonly bound: number;
  /** Keys and values are rounded, so that a row may take another expert than it should. */
  readonly isRounded: boolean;
}

export type Check = (t: Test, bench: Bench) => Promise<void>;

/** What a device's probe says that it keeps is kept to the bit, the rest within the bound. */
export function expectSame(
  t: Test,
  { rig, bound }: Bench,
  [actual, expected]: readonly [Story, Story],
  { kept, message }: { readonly kept: readonly (keyof Determinism)[]; readonly message: string },
): void {
  if (kept.every((key) => rig.facts.determinism[key]))
    t.equal(bitsOf(actual), bitsOf(expected), message);
  else expectNear(t, bound, [actual, expected], message);
}

/**
 * Numbers within the bound, and the same tokens: up to one where both were as good, behind which the answers are
 * not to be compared.
 */
export function expectNear(
  t: Test,
  bound: number,
  [actual, expected]: readonly [Story, Story],
  message: string,
): void {
  const parts = actual.tokens.findIndex((token, i) => token !== expected.tokens[i]);
  const numSame = parts < 0 ? actual.tokens.length : parts;
  if (parts < 0) t.same(actual.tokens, expected.tokens, message);
  else t.ok(isTie(rowAt(expected, parts), actual.tokens[parts], 2 * bound), `${message}: a tie`);
  const compared = ({ part, position }: PlanLogprobRow): boolean =>
    part === 'prompt' || position < numSame;
  const [rows, others] = [actual, expected].map(({ logprobs }) => logprobs.filter(compared));
  t.equal(rows?.length, others?.length, `${message}: as many rows`);
  const error = (rows ?? []).reduce((most, row, i) => worse(most, distance(row, others?.[i])), 0);
  t.ok(error <= bound, `${message}: off by ${error}, and ${bound} is allowed`);
}

function rowAt({ logprobs }: Story, position: number): PlanLogprobRow | undefined {
  return logprobs.find((row) => row.part === 'output' && row.position === position);
}

function isTie(row: PlanLogprobRow | undefined, token: number | undefined, gap: number): boolean {
  if (row === undefined || token === undefined) return false;
  const values = byId(row);
  return (row.values[0] ?? NaN) - (values.get(token) ?? NaN) <= gap;
}

/** Of the ids that both rows have. */
function distance(row: PlanLogprobRow, other: PlanLogprobRow | undefined): number {
  if (other === undefined || row.position !== other.position || row.ids[0] !== other.ids[0]) {
    return Infinity;
  }
  const values = byId(other);
  const errors = Array.from(row.ids, (id, i) => {
    const value = values.get(id);
    return value === undefined ? 0 : Math.abs(value - (row.values[i] ?? NaN));
  });
  return errors.reduce(worse, 0);
}

/** The larger one, and NaN of all. */
export function worse(most: number, error: number): number {
  return error <= most ? most : error;
}

export function byId({ ids, values }: PlanLogprobRow): ReadonlyMap<number, number> {
  return new Map(Array.from(ids, (id, i) => [id, values[i] ?? NaN]));
}

/** The whole row, where all tokens were asked for: `[vocabSize]`. */
export function wholeRow(row: PlanLogprobRow, vocabSize: number): Float32Array {
  const values = byId(row);
  return Float32Array.from({ length: vocabSize }, (_, id) => values.get(id) ?? NaN);
}

/** Log-probabilities of every token, of prompt and outputs. */
export function everyLogprob(vocabSize: number, startLen = 0) {
  return { startLen, topNum: vocabSize, tokenIds: [] };
}
