import { GRAPH_OUTPUTS, pastName, presentName } from '../../model/graph/contract.js';
import { tensorOf } from '../ort.js';
import { type KvSlots, NO_LAYOUT } from './kv-slots.js';
import type { RowWindow } from './row-map.js';
import type { Binding } from './run-cache.js';

/** Windows whose KV tensors are kept, the oldest dropped first: more than one per slot. */
const KEPT_WINDOWS = 128;

/**
 * What a run does to a window: it reads it, or writes rows of it too, or does that and gives new rows beside it. Each has a
 * binding of its own, as what one fetches must not be left to the other.
 */
export type WindowUse = 'read' | 'write' | 'write and give';

/**
 * Tensors over windows of the slots' physical rows. Names, tensors and views are kept per window, since making
 * 2 x 2 x numLayers of them costs more than a small step.
 */
export class WindowBindings {
  readonly #slots: KvSlots;
  readonly #bindings = new Map<string, Binding>();
  /** {@link KvSlots.epoch} that the bindings belong to. */
  #epoch = 0;

  constructor(slots: KvSlots) {
    this.#slots = slots;
  }

  of(window: RowWindow, use: WindowUse): Binding {
    if (this.#epoch !== this.#slots.epoch) this.#bindings.clear();
    this.#epoch = this.#slots.epoch;
    const key = `${window.start}+${window.count} ${use}`;
    const kept = this.#bindings.get(key);
    const binding = kept ?? this.#make(window, use);
    if (kept === undefined && this.#bindings.size >= KEPT_WINDOWS) {
      const [oldest] = this.#bindings.keys();
      if (oldest !== undefined) this.#bindings.delete(oldest);
    }
    this.#bindings.set(key, binding);
    return binding;
  }

  #make({ start, count }: RowWindow, use: WindowUse): Binding {
    const { type } = this.#slots.shape;
    const { layouts, slotRows } = this.#slots;
    const feeds: Binding['feeds'] = {};
    const fetches: Binding['fetches'] = { [GRAPH_OUTPUTS.stopCopy]: null };
    this.#slots.arrays.forEach((array, index) => {
      const layout = layouts[index] ?? NO_LAYOUT;
      const { layer, part, numKvHeads, headDim, rowElements, readers = [] } = layout;
      const dims = [count, numKvHeads, slotRows, headDim];
      const rows = array.subarray(start * rowElements, (start + count) * rowElements);
      const tensor = tensorOf(type === 'i8' ? 'int8' : 'float32', rows, dims);
      feeds[pastName(layer, part)] = tensor;
      if (use === 'read') return;
      for (const reader of [layer, ...readers]) fetches[presentName(reader, part)] = tensor;
      if (layout.keysAreValues === true) fetches[presentName(layer, 'value')] = tensor;
    });
    this.#slots.states?.bind({ start, count }, feeds, fetches);
    return { feeds, fetches };
  }
}
