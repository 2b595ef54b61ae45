import { GRAPH_INPUTS, STATE_INPUTS } from '../../model/graph/contract.js';
import type { ForwardInput } from '../backend.js';
import { tensorOf } from '../ort.js';
import type { KvSlots } from './kv-slots.js';
import type { Binding, RunCache } from './run-cache.js';
import { WindowBindings } from './window-bindings.js';

/** K and V in f32: every run reads and writes them in the slots. */
export class FloatCache implements RunCache {
  readonly #slots: KvSlots;
  readonly #windows: WindowBindings;

  constructor(slots: KvSlots) {
    this.#slots = slots;
    this.#windows = new WindowBindings(slots);
  }

  bind(input: ForwardInput): Binding {
    const [first = 0] = input.slots;
    const count = input.slots.length;
    const binding = this.#windows.of({ start: this.#slots.rowOf(first), count }, 'write');
    bindRows(binding, input);
    if (this.#slots.states !== null) bindStateRows(binding, input);
    return binding;
  }

  finish(): void {
    // The run wrote to the slots.
  }
}

/** How many rows of each sequence change its state: not the dummies behind them. */
function bindStateRows({ feeds }: Binding, { counts, numDummyRows = 0 }: ForwardInput): void {
  const rows = BigInt64Array.of(BigInt((counts[0] ?? 0) - numDummyRows));
  feeds[STATE_INPUTS.rows] = tensorOf('int64', rows, [1]);
}

export type RowsOfRun = Pick<ForwardInput, 'slots' | 'tokens' | 'lengths'>;

/** B sequences of S rows each, whose rows in the cache stand together. */
export function bindRows({ feeds }: Binding, { slots, tokens, lengths }: RowsOfRun): void {
  const ids = BigInt64Array.from(tokens, BigInt);
  const count = slots.length;
  feeds[GRAPH_INPUTS.inputIds] = tensorOf('int64', ids, [
    count,
    tokens.length / Math.max(1, count),
  ]);
  const seqlens = lengths.map((rows) => rows - 1);
  feeds[GRAPH_INPUTS.seqlensK] = tensorOf('int32', seqlens, [count]);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  feeds[GRAPH_INPUTS.totalLength] = tensorOf('int32', Int32Array.of(longest), []);
}
