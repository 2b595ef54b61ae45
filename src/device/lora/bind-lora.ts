import { BASE_MODEL } from '../../core/lora.js';
import { LORA_INPUTS } from '../../model/graph/contract.js';
import type { ForwardInput } from '../backend.js';
import { tensorOf, type Tensors } from '../ort.js';
import type { LoraStore } from './lora-store.js';

/** What a run is given of adapters: those of its sequences, and which each of its rows has. */
export function loraFeeds(
  store: LoraStore,
  { adapters = [], counts, tokens }: Pick<ForwardInput, 'adapters' | 'counts' | 'tokens'>,
): Tensors {
  const { ids, size, tensors } = store.setOf(adapters);
  const numRows = tokens.length;
  const has = new Uint8Array(size * numRows);
  let row = 0;
  counts.forEach((count, sequence) => {
    const place = ids.indexOf(adapters[sequence] ?? BASE_MODEL);
    if (place >= 0) has.fill(1, place * numRows + row, place * numRows + row + count);
    row += count;
  });
  return { ...tensors, [LORA_INPUTS.rows]: tensorOf('bool', has, [size, 1, numRows]) };
}
