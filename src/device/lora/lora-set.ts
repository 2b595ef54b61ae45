import type { LoraId, LoraLinear, LoraSite, LoraWeights } from '../../core/lora.js';
import { loraName } from '../../model/graph/contract.js';
import { tensorOf, type Tensors } from '../ort.js';

/** Adapters side by side, as a run takes them. */
export interface LoraSet {
  /** In the order in which they stand; none = what stands there is 0. */
  readonly ids: readonly LoraId[];
  /** How many stand there: at least one. */
  readonly size: number;
  readonly tensors: Tensors;
}

/** What runs without adapters take: one of rank 1 that adds nothing. */
export function emptySet(sites: readonly LoraSite[]): LoraSet {
  const tensors: Tensors = {};
  for (const site of sites) addPair(tensors, site, emptyPair(site, 1));
  return { ids: [], size: 1, tensors };
}

/** One adapter, where it lies. */
export function ownSet(sites: readonly LoraSite[], id: LoraId, weights: LoraWeights): LoraSet {
  const tensors: Tensors = {};
  const linears = byName(weights);
  for (const site of sites) {
    const linear = linears.get(site.name);
    addPair(tensors, site, linear === undefined ? emptyPair(site, 1) : pairOf(weights, linear));
  }
  return { ids: [id], size: 1, tensors };
}

/** Several, copied side by side: of each linear as many columns as the widest of them has. */
export function joinedSet(
  sites: readonly LoraSite[],
  adapters: readonly (readonly [LoraId, LoraWeights])[],
): LoraSet {
  const tensors: Tensors = {};
  const all = adapters.map(([, weights]) => ({ weights, linears: byName(weights) }));
  const size = adapters.length;
  for (const site of sites) {
    const own = all.map(({ linears }) => linears.get(site.name));
    const rank = Math.max(1, ...own.map((linear) => linear?.rank ?? 1));
    const pair = emptyPair(site, rank, size);
    own.forEach((linear, place) => {
      const weights = all[place]?.weights;
      if (linear !== undefined && weights !== undefined) {
        copyPair(pair, { site, place }, pairOf(weights, linear));
      }
    });
    addPair(tensors, site, pair);
  }
  return { ids: adapters.map(([id]) => id), size, tensors };
}

/** A and B of `size` adapters. */
interface Pair {
  readonly size: number;
  readonly rank: number;
  /** `[size, in, numParts * rank]` */
  readonly a: Float32Array;
  /** `[size * numParts * rank, out]` */
  readonly b: Float32Array;
}

function byName({ linears }: LoraWeights): ReadonlyMap<string, LoraLinear> {
  return new Map(linears.map((linear) => [linear.name, linear]));
}

function pairOf({ data }: LoraWeights, linear: LoraLinear): Pair {
  const { a, b, rank, numParts, in: width, out } = linear;
  const columns = numParts * rank;
  return {
    size: 1,
    rank,
    a: data.subarray(a, a + width * columns),
    b: data.subarray(b, b + columns * out),
  };
}

function emptyPair({ in: width, out, numParts }: LoraSite, rank: number, size = 1): Pair {
  const columns = size * numParts * rank;
  return {
    size,
    rank,
    a: new Float32Array(width * columns),
    b: new Float32Array(columns * out),
  };
}

function addPair(tensors: Tensors, site: LoraSite, { size, rank, a, b }: Pair): void {
  const { name, in: width, out, numParts, isTable } = site;
  const columns = numParts * rank;
  const dims = isTable ? [size * width, columns] : [1, 1, size, 1, width, columns];
  tensors[loraName(name, 'a')] = tensorOf('float32', a, dims);
  tensors[loraName(name, 'b')] = tensorOf('float32', b, [1, 1, 1, size, 1, columns, out]);
}

interface Place {
  readonly site: LoraSite;
  /** Among the adapters of the set. */
  readonly place: number;
}

function copyPair(to: Pair, { site, place }: Place, from: Pair): void {
  const { in: width, out, numParts } = site;
  const columns = numParts * to.rank;
  const a = to.a.subarray(place * width * columns, (place + 1) * width * columns);
  const b = to.b.subarray(place * columns * out, (place + 1) * columns * out);
  if (from.rank === to.rank) {
    a.set(from.a);
    b.set(from.b);
    return;
  }
  for (let part = 0; part < numParts; part++) {
    const rows = from.b.subarray(part * from.rank * out, (part + 1) * from.rank * out);
    b.set(rows, part * to.rank * out);
    copyColumns(a, { width, columns, first: part * to.rank }, from, part);
  }
}

function copyColumns(
  a: Float32Array,
  to: { readonly width: number; readonly columns: number; readonly first: number },
  from: Pair,
  part: number,
): void {
  const columns = from.a.length / to.width;
  for (let row = 0; row < to.width; row++) {
    const at = row * to.columns + to.first;
    const begin = row * columns + part * from.rank;
    for (let i = 0; i < from.rank; i++) a[at + i] = from.a[begin + i] as number;
  }
}
