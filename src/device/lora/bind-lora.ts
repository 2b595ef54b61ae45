import { BASE_MODEL } from '../../core/lora.js';
import {
  GRAPH_INPUTS,
  LORA_HEAD_INPUTS,
  LORA_INPUTS,
  LORA_LOGIT_INPUTS,
} from '../../model/graph/contract.js';
import type { ForwardInput } from '../backend.js';
import { tensorOf, type Tensors } from '../ort.js';
import type { LoraStore } from './lora-store.js';

/** A row without an adapter. */
const NONE = -1;

type RunRows = Pick<
  ForwardInput,
  'adapters' | 'counts' | 'tokens' | 'numDecoding' | 'numFollowing'
>;

/**
 * What a run is given, with the adapters of its sequences and which each of its rows has. The matrices are found through
 * the prototype: copying some hundred properties takes a millisecond.
 *
 * @param feeds what else the run is given
 * @param normRows those that go through the final norm
 */
export function withLoraFeeds(
  feeds: Tensors,
  store: LoraStore,
  { adapters = [], counts, tokens, numDecoding, numFollowing = 0 }: RunRows,
  normRows: readonly number[],
): Tensors {
  const { ids, size, tensors } = store.setOf(adapters);
  const placeOf = counts.map((_, at) => ids.indexOf(adapters[at] ?? BASE_MODEL));
  const placeOfRow = counts.flatMap((count, at) =>
    new Array<number>(count).fill(placeOf[at] ?? NONE),
  );
  const isAny = placeOf.some((place) => place !== NONE);
  // What follows a row that decodes has its bits, and so its kernel.
  const numRowByRow = numDecoding + numFollowing;
  const decodes = counts.every((count, at) => {
    return count === 1 || at < numRowByRow || placeOf[at] === NONE;
  });
  const headPlaces = normRows.map((row) => placeOfRow[row] ?? NONE);
  const logitPlaces = headPlaces.slice(0, feeds[GRAPH_INPUTS.temperature]?.dims[0] ?? 0);
  const all = Object.create(tensors) as Tensors;
  return Object.assign(all, feeds, {
    [LORA_INPUTS.any]: bool([isAny], [1]),
    [LORA_INPUTS.decodes]: bool([decodes], [1]),
    [LORA_INPUTS.rows]: rowsTensor(placeOfRow, size, tokens.length),
    ...listFeeds(LORA_INPUTS, decodes ? placeOfRow : [], size),
    ...listFeeds(LORA_HEAD_INPUTS, decodes ? headPlaces : [], size),
    ...listFeeds(LORA_LOGIT_INPUTS, decodes ? logitPlaces : [], size),
  });
}

/** `[size, 1, numRows]` */
function rowsTensor(placeOfRow: readonly number[], size: number, numRows: number) {
  const has = new Uint8Array(size * numRows);
  placeOfRow.forEach((place, row) => {
    if (place !== NONE) has[place * numRows + row] = 1;
  });
  return tensorOf('bool', has, [size, 1, numRows]);
}

type ListNames = Readonly<Record<'places' | 'taken' | 'targets', string>>;

/** The rows of each adapter, as many as the one with the most has, at least one: those behind its own are 0. */
function listFeeds(names: ListNames, placeOfRow: readonly number[], size: number): Tensors {
  const lists = Array.from({ length: size }, (): number[] => []);
  placeOfRow.forEach((place, row) => lists[place]?.push(row));
  const longest = Math.max(1, ...lists.map((list) => list.length));
  const rows = lists.flatMap((list) => Array.from({ length: longest }, (_, i) => list[i] ?? 0));
  const taken = lists.flatMap((list) => Array.from({ length: longest }, (_, i) => i < list.length));
  const targets = rows.flatMap((row) => [0, row]);
  return {
    [names.places]: int64(rows, [size, longest, 1]),
    [names.taken]: bool(taken, [size, longest, 1, 1]),
    [names.targets]: int64(targets, [1, 1, 1, size, longest, 1, 2]),
  };
}

function bool(values: readonly boolean[], dims: readonly number[]) {
  return tensorOf('bool', Uint8Array.from(values, Number), dims);
}

function int64(values: readonly number[], dims: readonly number[]) {
  return tensorOf('int64', BigInt64Array.from(values, BigInt), dims);
}
