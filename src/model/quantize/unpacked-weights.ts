import { join } from 'node:path';

import { planDemands, type AnyPlan } from '../plan/demands.js';
import type { Checkpoint, CheckpointTensor } from '../source/checkpoint.js';
import { CPU_TARGET } from '../target.js';
import type { WeightStore } from '../weights/weight-store.js';
import { entryName, tensorFacts } from './cache-key.js';
import { JobList } from './job-list.js';
import {
  hashSources,
  keptWeights,
  PROVEN,
  type QuantizeDeps,
  type QuantizedWeights,
} from './kept-weights.js';
import { WEIGHTS_FILE } from './layout.js';

/** Part of the cache's key: changes whenever the same tensors would give other bytes. */
const UNPACK_VERSION = 1;

export interface UnpackedCheckpoint extends Omit<QuantizedWeights, 'store'> {
  readonly checkpoint: Checkpoint;
}

/**
 * The checkpoint with what `plan` reads as bytes that are its numbers: packed tensors are unpacked into a file of the
 * cache, in f32, and the others stay where they are.
 */
export async function unpackedCheckpoint(
  plan: AnyPlan,
  { checkpoint, isKept }: { readonly checkpoint: Checkpoint; readonly isKept: boolean },
  deps: QuantizeDeps,
): Promise<UnpackedCheckpoint> {
  const packed = packedTensors(plan, checkpoint);
  if (packed.size === 0)
    return { checkpoint, cacheHit: false, temporaryFolder: null, proof: PROVEN };
  const listed = { ...checkpoint, tensors: packed };
  const sources = isKept ? await hashSources(checkpoint, deps) : [];
  const making = {
    sources,
    key: isKept ? entryName('none', [UNPACK_VERSION, tensorFacts(listed, sources)]) : null,
    plan: (target: string) => {
      const list = new JobList(listed, target, CPU_TARGET.blockSize);
      for (const [name, { shape }] of packed) {
        list.table({ name, checkpoint: name, shape }, { rotation: null, dtype: 'f32' });
      }
      return { map: list.map('none'), jobs: list.jobs(), layers: [], fileBytes: list.fileBytes };
    },
  };
  const { store, ...kept } = await keptWeights(making, deps);
  const tensors = new Map(checkpoint.tensors);
  for (const name of packed.keys()) tensors.set(name, unpackedTensor(name, store));
  const files = [
    ...checkpoint.files,
    { path: join(store.folder, WEIGHTS_FILE), bytes: store.totalBytes },
  ];
  return { ...kept, checkpoint: { ...checkpoint, files, tensors } };
}

/** Those that `plan` reads, by the names that it has for them. */
function packedTensors(plan: AnyPlan, { tensors }: Checkpoint): Map<string, CheckpointTensor> {
  const packed = new Map<string, CheckpointTensor>();
  for (const { checkpoint: name } of planDemands(plan)) {
    const tensor = tensors.get(name);
    if (tensor !== undefined && tensor.packing !== null) packed.set(name, tensor);
  }
  return packed;
}

function unpackedTensor(name: string, store: WeightStore): CheckpointTensor {
  const { file, offset, byteLength, shape } = store.tensor(name);
  const path = join(store.folder, file);
  return { name, path, offset, byteLength, storedDtype: 'F32', dtype: 'f32', packing: null, shape };
}
