import type { Determinism } from '../../core/device-facts.js';
import type { ModelSpec } from '../../core/model-spec.js';
import { ProbeError } from '../probe-error.js';
import type { PagedForward } from './paged-forward.js';
import type { PagedKv } from './paged-kv.js';

/** Rows of the probe's prompt: more than the least of a run, in both parts that it is cut into. */
const PROMPT = 72;
const CUT = 40;
/** Sequences that decode together, each of another length. */
const SEQUENCES = 4;
/** A row by the kernels of prefill and of decode: how far its best log-probabilities may lie apart, in nats. */
const CLOSE = 0.25;

/** A prompt's pages, by sequence. */
interface Probe {
  readonly forward: PagedForward;
  readonly kv: PagedKv;
  readonly tokens: Int32Array;
}

/**
 * Runs a few prompts through the whole model: prefill and decode must agree on a row, and what keeps its bits is
 * measured. Leaves all slots closed. @throws ProbeError
 */
export async function probePaged(
  forward: PagedForward,
  kv: PagedKv,
  spec: ModelSpec,
): Promise<Determinism> {
  const { slotLength } = kv.limits;
  const length = Math.min(PROMPT, slotLength - 1);
  const tokens = Int32Array.from({ length: length + 1 }, (_, i) => (i * 31 + 1) % spec.vocabSize);
  const probe: Probe = { forward, kv, tokens };
  const whole = await promptRow(probe, [0, length]);
  requireNumbers(whole);
  const again = await promptRow(probe, [0, length]);
  const parts = length > CUT ? await promptRow(probe, [0, CUT, length]) : whole;
  const next = await promptRow(probe, [0, length + 1]);
  const { alone, together } = await decodeRows(probe, length);
  requireClose(next, alone);
  return {
    repeats: isSame(whole, again),
    chunks: isSame(whole, parts),
    batches: isSame(alone, together),
  };
}

/** The best log-probabilities behind a prompt that is cut at `cuts`. */
async function promptRow(probe: Probe, cuts: readonly number[]): Promise<HeadRow> {
  open(probe, 0);
  try {
    for (const [index, end] of cuts.slice(1).entries())
      await prefill(probe, 0, cuts[index] ?? 0, end);
    return headRow(probe, 0);
  } finally {
    probe.kv.free(0);
  }
}

/** The row at `position` of the first sequence, decoded by itself and beside others. */
async function decodeRows(probe: Probe, position: number): Promise<Decoded> {
  const { kv } = probe;
  const numSequences = Math.min(SEQUENCES, kv.limits.numSlots, numTables(kv));
  const slots = Array.from({ length: numSequences }, (_, slot) => slot);
  for (const slot of slots) open(probe, slot);
  try {
    for (const slot of slots) {
      await prefill(probe, slot, 0, Math.max(1, position - 17 * slot));
    }
    await decode(probe, [0]);
    const alone = headRow(probe, 0);
    await decode(probe, slots);
    return { alone, together: headRow(probe, 0) };
  } finally {
    for (const slot of slots) kv.free(slot);
  }
}

interface Decoded {
  readonly alone: HeadRow;
  readonly together: HeadRow;
}

/** Pages that a sequence of the probe takes. */
function pagesEach(kv: PagedKv): number {
  return Math.ceil((PROMPT + 1) / kv.limits.pageSizeTokens);
}

function numTables(kv: PagedKv): number {
  return Math.max(1, Math.floor(kv.limits.numPages / pagesEach(kv)));
}

/** Opens a slot whose pages are its own. */
function open({ kv }: Probe, slot: number): void {
  const count = Math.min(pagesEach(kv), kv.limits.numPages);
  kv.open(slot);
  const pages = Int32Array.from({ length: count }, (_, i) => slot * count + i);
  kv.map({ slot, fromPage: 0, pages });
}

async function prefill(probe: Probe, slot: number, from: number, to: number): Promise<void> {
  const { forward, kv, tokens } = probe;
  const numDummies = Math.max(0, Number(forward.prefill.padding) - (to - from));
  const rows = new Int32Array(to - from + numDummies);
  rows.set(tokens.subarray(from, to));
  await forward.run({
    slots: [slot],
    numDecoding: 0,
    counts: [rows.length],
    tokens: rows,
    lengths: Int32Array.of(from + rows.length),
    headRows: [to - from - 1],
    ...PLAIN_HEAD,
  });
  kv.setLength(slot, to);
}

/** One row of each slot; lengths stay, so that the same rows can be run again. */
async function decode({ forward, kv, tokens }: Probe, slots: readonly number[]): Promise<void> {
  await forward.run({
    slots,
    numDecoding: slots.length,
    counts: slots.map(() => 1),
    tokens: Int32Array.from(slots, (slot) => tokens[kv.lengthOf(slot)] ?? 0),
    lengths: Int32Array.from(slots, (slot) => kv.lengthOf(slot) + 1),
    headRows: [0],
    ...PLAIN_HEAD,
  });
}

const PLAIN_HEAD = {
  temperatures: [1],
  wholeRows: [false],
  wantLogits: false,
  hiddenRows: [],
  wantExperts: false,
} as const;

/** The best entries of a head row, copied. */
interface HeadRow {
  readonly values: Float32Array;
  readonly ids: BigInt64Array;
}

function headRow({ forward: { head } }: Probe, row: number): HeadRow {
  const range = [row * head.topCount, (row + 1) * head.topCount] as const;
  return { values: head.topValues.slice(...range), ids: head.topIds.slice(...range) };
}

function isSame(a: HeadRow, b: HeadRow): boolean {
  return a.values.every((value, i) => Object.is(value, b.values[i]) && a.ids[i] === b.ids[i]);
}

function requireNumbers({ values }: HeadRow): void {
  if (values.every((value) => !Number.isNaN(value))) return;
  throw new ProbeError('the device gives no probabilities for a prompt');
}

function requireClose(prefilled: HeadRow, decoded: HeadRow): void {
  const distance = Math.abs((prefilled.values[0] ?? NaN) - (decoded.values[0] ?? NaN));
  if (distance < CLOSE) return;
  throw new ProbeError(
    `the device computes a row of a prompt otherwise than the same row by itself: ${distance.toFixed(2)} nats apart`,
  );
}
