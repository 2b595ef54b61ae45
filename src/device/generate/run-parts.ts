import { BASE_MODEL, type LoraId } from '../../core/lora.js';
import type { Forward, ModelBackend } from '../backend.js';
import type { RowSampler } from './row-sampler.js';
import type { SlotMasks } from './slot-masks.js';

/** What parts are made with, and take their rows with. */
export interface RunnerTools extends Pick<ModelBackend, 'kv' | 'forward'> {
  readonly sampler: RowSampler;
  readonly masks: SlotMasks;
}

/** A row that goes through the head. */
export interface HeadRow {
  /** Index in the part's tokens. */
  readonly row: number;
  readonly temperature: number;
  /** Its whole row is read, not its best entries alone. */
  readonly isWhole: boolean;
}

/** What some of a run's sequences are to compute, and who takes what comes of it. */
export interface RunPart {
  readonly slots: readonly number[];
  /** Of each of them; default: none has one. */
  readonly adapters?: readonly LoraId[];
  /** Of each of them, its rows in the run, and how many it has after it. */
  readonly counts: readonly number[];
  readonly lengths: readonly number[];
  /** The rows of one sequence behind those of the other. */
  readonly tokens: Int32Array;
  /** They follow rows of the same sequences in the part that decodes. */
  readonly follows?: boolean;
  /** So many of the last ones are dummies; default: none. */
  readonly numDummyRows?: number;
  readonly headRows: readonly HeadRow[];
  readonly wantLogits: boolean;
  readonly wantExperts: boolean;
  /** Indices in `tokens` of rows whose hidden states are wanted. */
  readonly hiddenRows: readonly number[];
  /** Behind the run. */
  take(place: PartPlace): void;
}

/** Where a part's rows are among those of the run. */
export interface PartPlace {
  readonly firstRow: number;
  readonly firstHeadRow: number;
  /** `[hiddenRows.length, hiddenSize]`, given away. */
  readonly hidden: Float32Array<ArrayBuffer>;
}

export interface RunOptions {
  /** The first part decodes, and the others extend sequences. */
  readonly decodes: boolean;
}

/** One run of the graph; then each part takes what is its own, in their order. */
export async function runParts(
  forward: Forward,
  parts: readonly RunPart[],
  { decodes }: RunOptions,
): Promise<void> {
  const places = placesOf(parts);
  const headRows = parts.flatMap((part) => part.headRows);
  await forward.run({
    slots: parts.flatMap(({ slots }) => slots),
    adapters: parts.flatMap(({ slots, adapters }) => adapters ?? slots.map(() => BASE_MODEL)),
    counts: parts.flatMap(({ counts }) => counts),
    numDecoding: decodes ? (parts[0]?.slots.length ?? 0) : 0,
    numFollowing: parts.filter(({ follows }) => follows).length,
    tokens: joined(parts),
    numDummyRows: parts.at(-1)?.numDummyRows ?? 0,
    lengths: Int32Array.from(parts.flatMap(({ lengths }) => lengths)),
    headRows: parts.flatMap((part, i) => {
      return part.headRows.map(({ row }) => (places[i]?.firstRow ?? 0) + row);
    }),
    temperatures: headRows.map(({ temperature }) => temperature),
    wholeRows: headRows.map(({ isWhole }) => isWhole),
    wantLogits: parts.some((part) => part.wantLogits),
    hiddenRows: parts.flatMap((part, i) => {
      return part.hiddenRows.map((row) => (places[i]?.firstRow ?? 0) + row);
    }),
    wantExperts: parts.some((part) => part.wantExperts),
  });
  const hidden = hiddenOf(parts, forward.hidden);
  for (const [i, part] of parts.entries()) {
    const { firstRow = 0, firstHeadRow = 0 } = places[i] ?? {};
    part.take({ firstRow, firstHeadRow, hidden: hidden[i] ?? new Float32Array(0) });
  }
}

function placesOf(parts: readonly RunPart[]): Omit<PartPlace, 'hidden'>[] {
  let firstRow = 0;
  let firstHeadRow = 0;
  return parts.map(({ tokens, headRows }) => {
    const place = { firstRow, firstHeadRow };
    firstRow += tokens.length;
    firstHeadRow += headRows.length;
    return place;
  });
}

function joined(parts: readonly RunPart[]): Int32Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first.tokens;
  const tokens = new Int32Array(parts.reduce((sum, part) => sum + part.tokens.length, 0));
  let at = 0;
  for (const part of parts) {
    tokens.set(part.tokens, at);
    at += part.tokens.length;
  }
  return tokens;
}

/** Of each part, a buffer of its own. */
function hiddenOf(
  parts: readonly RunPart[],
  hidden: Float32Array<ArrayBuffer>,
): readonly Float32Array<ArrayBuffer>[] {
  const numRows = parts.reduce((sum, { hiddenRows }) => sum + hiddenRows.length, 0);
  const width = hidden.length / Math.max(1, numRows);
  let from = 0;
  return parts.map(({ hiddenRows }) => {
    if (hiddenRows.length === numRows) return hidden;
    const to = from + hiddenRows.length * width;
    const own = hidden.slice(from, to);
    from = to;
    return own;
  });
}
