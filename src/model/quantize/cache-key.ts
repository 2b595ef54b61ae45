import { createHash } from 'node:crypto';

import type { QuantizedFormat, WeightFormat } from '../../core/model-spec.js';
import type { AnyPlan } from '../plan/demands.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { Packing } from '../weights/packing.js';
import type { ModelTarget } from '../target.js';
import type { HashedFile } from './hashed-files.js';
import type { KeptLinears } from './kept-linears.js';
import type { ProductSums } from './product-sums.js';
import { RECIPE_VERSION, roundsToZeros } from './recipe.js';

/** Changes whenever the same codes would be kept in other bytes. */
const KEPT_VERSION = 'kept 2';

/** Changes whenever the same weights would be rounded to other codes with zero points. */
const ZEROS_VERSION = 'zeros 1';

/** Changes whenever the same weights would be rounded otherwise for kernels whose sums are whole. */
const WHOLE_VERSION = 'whole 1';

/** What must be the same for a cache entry to be used again. */
export interface CacheKeyFacts {
  readonly format: QuantizedFormat;
  readonly plan: AnyPlan;
  readonly headDim: number;
  readonly numKvHeads: number;
  readonly target: ModelTarget;
  readonly checkpoint: Checkpoint;
  readonly kept: KeptLinears;
  /** What it is rounded on; null = nothing. */
  readonly texts: readonly Int32Array[] | null;
  /** Of `w8a8_int8`; default: pairs. */
  readonly sums?: ProductSums;
}

/**
 * Folder name of an entry: recipe, network, the content of each of the checkpoint's `files` and where each tensor lies
 * there. Names and times of files do not count.
 */
export function cacheKey(facts: CacheKeyFacts, files: readonly HashedFile[]): string {
  const { format, plan, headDim, numKvHeads, checkpoint, target, kept, texts, sums } = facts;
  const tensors = tensorFacts(checkpoint, files);
  // Entries of the CPU keep the names that they had before there was anything else.
  const forDevice = target.device === 'cpu' ? [] : [target];
  // So do those without a linear that is kept as it is.
  const { linears } = kept;
  const ofKept =
    linears.size === 0 ? [] : [KEPT_VERSION, [...linears.keys()].map(({ name }) => name)];
  const ofZeros = roundsToZeros(facts) ? [ZEROS_VERSION, texts?.map((text) => [...text])] : [];
  const ofSums = sums === 'whole' ? [WHOLE_VERSION] : [];
  const key = [
    ...[RECIPE_VERSION, format, headDim, numKvHeads, tensors, plan],
    ...[...forDevice, ...ofKept, ...ofZeros, ...ofSums],
  ];
  return entryName(format, key);
}

/** The name of an entry of which `key`, as JSON, decides. */
export function entryName(format: WeightFormat, key: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(key)).digest('hex');
  return `${format}-${digest.slice(0, 32)}`;
}

/** Each tensor with the hash of its file, and what is read there. */
export function tensorFacts(
  { tensors }: Pick<Checkpoint, 'tensors'>,
  files: readonly HashedFile[],
): readonly unknown[] {
  const hashes = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const fileHash = (path: string): string | undefined => hashes.get(path);
  return [...tensors].map(([name, { path, offset, dtype, shape, packing }]) => {
    const place = [name, fileHash(path), offset, dtype, shape];
    // Entries of tensors whose bytes are numbers keep the names that they had before there were others.
    return packing === null ? place : [...place, packingFacts(packing, fileHash)];
  });
}

/** A packing with the hashes of its parts' files in the place of their paths. */
function packingFacts(packing: Packing, fileHash: (path: string) => string | undefined): unknown {
  if (packing.kind === 'blocks' || packing.kind === 'given') return packing;
  if (packing.kind === 'view') {
    const { path, ...of } = packing.of;
    const inner = of.packing && packingFacts(of.packing, fileHash);
    return { ...packing, of: [fileHash(path), { ...of, packing: inner }] };
  }
  const parts = Object.entries(packing.parts).map(([role, { path, ...part }]) => {
    return [role, fileHash(path), part];
  });
  return { ...packing, parts };
}
