import { EXTEND_INPUTS, GRAPH_INPUTS, newRowsName } from '../../model/graph/contract.js';
import type { ForwardInput } from '../backend.js';
import { tensorOf, type Fetches, type Tensors } from '../ort.js';
import { bindRows } from './float-cache.js';
import { KV_PARTS } from './kv-arrays.js';
import type { KvSlots } from './kv-slots.js';
import type { Binding, RunCache } from './run-cache.js';
import { WindowBindings } from './window-bindings.js';

/** A sequence that a run extends. */
interface Extend {
  /** Physical row of its slot. */
  readonly row: number;
  /** Rows that it has before the run. */
  readonly past: number;
  /** Rows of the run. */
  readonly numRows: number;
}

/**
 * K and V as integers. Decode rows are written in place; what extends sequences reads the rows before it from the slots
 * and gives its own, which are put there behind the run.
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
    return isExtend(input) ? this.#bindExtends(input) : this.#bindDecode(input);
  }

  finish(input: ForwardInput): void {
    if (isExtend(input)) this.#takeNewRows(this.#extendsOf(input));
  }

  #bindDecode(input: ForwardInput): Binding {
    const start = this.#slots.rowOf(input.slots[0] ?? 0);
    const binding = this.#windows.of({ start, count: input.slots.length }, true);
    bindRows(binding, input);
    bindExtends(binding.feeds, [], start);
    return binding;
  }

  #bindExtends(input: ForwardInput): Binding {
    const sequences = this.#extendsOf(input);
    const rows = sequences.map(({ row }) => row);
    const start = Math.min(...rows);
    const binding = this.#windows.of({ start, count: Math.max(...rows) + 1 - start }, false);
    const { feeds, fetches } = binding;
    const ids = BigInt64Array.from(input.tokens, BigInt);
    feeds[GRAPH_INPUTS.inputIds] = tensorOf('int64', ids, [1, ids.length]);
    feeds[GRAPH_INPUTS.seqlensK] = tensorOf('int32', new Int32Array(1), [1]);
    feeds[GRAPH_INPUTS.totalLength] = tensorOf('int32', new Int32Array(1), []);
    bindExtends(feeds, sequences, start);
    this.#fetchNewRows(fetches, ids.length);
    return binding;
  }

  #extendsOf({ slots, counts, tokens, lengths }: ForwardInput): Extend[] {
    return slots.map((slot, i) => {
      const numRows = counts?.[i] ?? tokens.length / slots.length;
      return { row: this.#slots.rowOf(slot), past: (lengths[i] ?? 0) - numRows, numRows };
    });
  }

  #fetchNewRows(fetches: Fetches, numRows: number): void {
    const { numLayers, numKvHeads, headDim } = this.#slots.shape;
    const numHeads = KV_PARTS.length * numKvHeads;
    const elements = numHeads * numRows * headDim;
    if ((this.#newRows[0]?.length ?? 0) < elements) {
      this.#newRows = Array.from({ length: numLayers }, () => new Int8Array(elements));
    }
    this.#newRows.forEach((rows, layer) => {
      const dims = [numHeads, numRows, headDim];
      fetches[newRowsName(layer)] = tensorOf('int8', rows.subarray(0, elements), dims);
    });
  }

  #takeNewRows(sequences: readonly Extend[]): void {
    const { numKvHeads, headDim } = this.#slots.shape;
    const { arrays, rowElements, slotRows } = this.#slots;
    const headElements = sequences.reduce((sum, { numRows }) => sum + numRows, 0) * headDim;
    arrays.forEach((array, index) => {
      const newRows = this.#newRows[Math.floor(index / KV_PARTS.length)] ?? new Int8Array(0);
      const part = index % KV_PARTS.length;
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

/** A run that extends sequences has at least two rows of each. */
function isExtend({ slots, tokens }: ForwardInput): boolean {
  return tokens.length > slots.length;
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
