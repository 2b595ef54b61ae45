import { KV_PARTS } from '../../core/model-spec.js';
import { EXTEND_INPUTS, GRAPH_INPUTS, newRowsName } from '../../model/graph/contract.js';
import type { ForwardInput } from '../backend.js';
import { tensorOf, type Fetches, type Tensors } from '../ort.js';
import { bindRows, type RowsOfRun } from './float-cache.js';
import { type KvSlots, NO_LAYOUT } from './kv-slots.js';
import type { Binding, RunCache } from './run-cache.js';
import { WindowBindings } from './window-bindings.js';

/** A sequence that a run extends. */
interface Extend {
  /** It has a row that decodes before these. */
  readonly follows: boolean;
  /** Physical row of its slot. */
  readonly row: number;
  /** Rows that it has before the run. */
  readonly past: number;
  /** Rows of the run. */
  readonly numRows: number;
}

/**
 * K and V as integers. Decode rows are written in place, and so is what follows the only one; what else extends sequences
 * reads the rows before it from the slots and gives its own, which are put there behind the run.
 */
export class Int8Cache implements RunCache {
  readonly #slots: KvSlots;
  readonly #windows: WindowBindings;
  /** Of each layer, `[2 * numKvHeads, rows of the run, headDim]`. */
  #newRows: readonly Int8Array[] = [];

  constructor(slots: KvSlots) {
    this.#slots = slots;
    this.#windows = new WindowBindings(slots);
  }

  bind(input: ForwardInput): Binding {
    if (isLone(input)) return this.#bindLone(input);
    const decoding = decodingOf(input);
    const sequences = this.#extendsOf(input);
    const rows = sequences.map(({ row }) => row);
    const isExtend = decoding.slots.length === 0;
    // Those that are extended beside others stand in their window.
    const start = isExtend ? Math.min(...rows) : this.#slots.rowOf(decoding.slots[0] ?? 0);
    const count = isExtend ? Math.max(...rows) + 1 - start : decoding.slots.length;
    const use = isExtend ? 'read' : sequences.length === 0 ? 'write' : 'write and give';
    const binding = this.#windows.of({ start, count }, use);
    bindRows(binding, decoding);
    if (sequences.length === 0) {
      bindNoExtends(binding.feeds, start);
      return binding;
    }
    bindExtends(binding.feeds, sequences, start);
    const ids = BigInt64Array.from(input.tokens, BigInt);
    binding.feeds[GRAPH_INPUTS.inputIds] = tensorOf('int64', ids, [1, ids.length]);
    this.#fetchNewRows(binding.fetches, ids.length - decoding.slots.length);
    return binding;
  }

  /** Its rows are in the place of its decode row. */
  #bindLone({ slots, tokens, lengths, counts }: ForwardInput): Binding {
    const [slot = 0] = slots;
    const [first = 0, last = 0] = lengths;
    const start = this.#slots.rowOf(slot);
    const binding = this.#windows.of({ start, count: 1 }, 'write');
    bindRows(binding, { slots: [slot], tokens, lengths: Int32Array.of(last) });
    const positions = Array.from({ length: counts[1] ?? 0 }, (_, i) => first + i);
    bindNoExtends(binding.feeds, start, positions);
    return binding;
  }

  finish(input: ForwardInput): void {
    if (isLone(input)) return;
    const sequences = this.#extendsOf(input);
    if (sequences.length > 0) this.#takeNewRows(sequences);
  }

  #extendsOf({ slots, numDecoding, numFollowing = 0, counts, lengths }: ForwardInput): Extend[] {
    return slots.slice(numDecoding).map((slot, i) => {
      const numRows = counts[numDecoding + i] ?? 0;
      const past = (lengths[numDecoding + i] ?? 0) - numRows;
      return { follows: i < numFollowing, row: this.#slots.rowOf(slot), past, numRows };
    });
  }

  #fetchNewRows(fetches: Fetches, numRows: number): void {
    const { layers, numKvHeads, headDim } = this.#slots.shape;
    const numHeads = KV_PARTS.length * numKvHeads;
    const elements = numHeads * numRows * headDim;
    if ((this.#newRows[0]?.length ?? 0) < elements) {
      this.#newRows = layers.map(() => new Int8Array(elements));
    }
    this.#newRows.forEach((rows, layer) => {
      const dims = [numHeads, numRows, headDim];
      fetches[newRowsName(layer)] = tensorOf('int8', rows.subarray(0, elements), dims);
    });
  }

  #takeNewRows(sequences: readonly Extend[]): void {
    const { numKvHeads, headDim } = this.#slots.shape;
    const { arrays, layouts, slotRows } = this.#slots;
    const headElements = sequences.reduce((sum, { numRows }) => sum + numRows, 0) * headDim;
    arrays.forEach((array, index) => {
      const newRows = this.#newRows[Math.floor(index / KV_PARTS.length)] ?? new Int8Array(0);
      const part = index % KV_PARTS.length;
      const { rowElements } = layouts[index] ?? NO_LAYOUT;
      for (let head = 0; head < numKvHeads; head++) {
        let from = (part * numKvHeads + head) * headElements;
        for (const { row, past, numRows } of sequences) {
          const to = from + numRows * headDim;
          array.set(
            newRows.subarray(from, to),
            row * rowElements + (head * slotRows + past) * headDim,
          );
          from = to;
        }
      }
    });
  }
}

/** A single sequence decodes, and all else are rows that follow its own. */
function isLone({ slots, numDecoding, numFollowing = 0 }: ForwardInput): boolean {
  return numDecoding === 1 && numFollowing === 1 && slots.length === 2;
}

/** The sequences of a run that decode. */
function decodingOf({ slots, numDecoding, tokens, lengths }: ForwardInput): RowsOfRun {
  return {
    slots: slots.slice(0, numDecoding),
    tokens: tokens.subarray(0, numDecoding),
    lengths: lengths.subarray(0, numDecoding),
  };
}

/** A window that only decodes keeps these: but for the positions they are always empty. */
function bindNoExtends(feeds: Tensors, start: number, positions: readonly number[] = []): void {
  if (!(EXTEND_INPUTS.positions in feeds)) bindExtends(feeds, [], start);
  feeds[EXTEND_INPUTS.positions] = int64(positions);
}

/** The inputs of {@link EXTEND_INPUTS}; the window of the run begins at the physical row `start`. */
function bindExtends(feeds: Tensors, sequences: readonly Extend[], start: number): void {
  const positions: number[] = [];
  const begins: number[] = [];
  const ends: number[] = [];
  for (const { past, numRows } of sequences) {
    begins.push(positions.length);
    for (let i = 0; i < numRows; i++) positions.push(past + i);
    ends.push(positions.length);
  }
  const count = sequences.length;
  feeds[EXTEND_INPUTS.positions] = int64(positions);
  const follows = Uint8Array.from(sequences, (sequence) => Number(sequence.follows));
  feeds[EXTEND_INPUTS.follows] = tensorOf('bool', follows, [count]);
  feeds[EXTEND_INPUTS.begins] = int64(begins, [count, 1]);
  feeds[EXTEND_INPUTS.ends] = int64(ends, [count, 1]);
  feeds[EXTEND_INPUTS.pastBegins] = int64(sequences.flatMap(({ row }) => [row - start, 0]));
  feeds[EXTEND_INPUTS.pastEnds] = int64(
    sequences.flatMap(({ row, past }) => [row - start + 1, past]),
  );
  const totals = Int32Array.from(sequences, ({ past, numRows }) => past + numRows);
  feeds[EXTEND_INPUTS.totalLengths] = tensorOf('int32', totals, [count]);
  feeds[EXTEND_INPUTS.seqlensK] = tensorOf(
    'int32',
    totals.map((rows) => rows - 1),
    [count],
  );
}

function int64(values: readonly number[], dims: readonly number[] = [values.length]) {
  return tensorOf('int64', BigInt64Array.from(values, BigInt), dims);
}
