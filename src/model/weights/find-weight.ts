import { ModelLoadError } from '../load-error.js';
import { planDemands, type AnyPlan } from '../plan/demands.js';
import type { Checkpoint, CheckpointTensor } from '../source/checkpoint.js';

/** Element types that weights are stored in. */
export type WeightDtype = 'f32' | 'f16' | 'bf16';

/** A checkpoint tensor that the plan asked for, with the shape and a dtype that the model can use. */
export interface WeightTensor extends CheckpointTensor {
  readonly dtype: WeightDtype;
}

/**
 * The tensor `name` with exactly `shape`. Other shapes are refused, not broadcast. @throws ModelLoadError in a
 * sentence that names the tensor
 */
export function findWeight(
  checkpoint: Checkpoint,
  name: string,
  shape: readonly number[],
): WeightTensor {
  const tensor = checkpoint.tensors.get(name);
  if (!tensor) {
    const { files, folder } = checkpoint;
    const where = files.length === 1 ? files[0]?.path : `the weights in ${folder}`;
    throw broken(`Tensor '${name}' is missing from ${where ?? folder}.`);
  }
  const { dtype } = tensor;
  if (dtype !== 'f32' && dtype !== 'f16' && dtype !== 'bf16') {
    throw broken(
      `Tensor '${name}' in ${tensor.path} has dtype ${tensor.storedDtype}; ` +
        'weights must be F32, F16 or BF16.',
    );
  }
  const difference = shapeDifference(tensor.shape, shape);
  if (difference !== null) {
    throw broken(
      `Tensor '${name}' in ${tensor.path} has shape [${tensor.shape.join(', ')}], but ` +
        `config.json demands [${shape.join(', ')}]: ${difference}`,
    );
  }
  return { ...tensor, dtype };
}

/** Checks that every tensor of the plan is there and fits, before anything is read or allocated. */
export function checkPlan(plan: AnyPlan, weights: Checkpoint): void {
  for (const { checkpoint, shape } of planDemands(plan)) findWeight(weights, checkpoint, shape);
}

/** PyTorch's sentence for the first dimension that differs; null when the shapes agree. */
function shapeDifference(found: readonly number[], wanted: readonly number[]): string | null {
  if (found.length !== wanted.length) {
    return `the tensor has ${found.length} dimensions, not ${wanted.length}.`;
  }
  const at = found.findIndex((size, i) => size !== wanted[i]);
  if (at < 0) return null;
  return (
    `The size of tensor a (${String(found[at])}) must match the size of tensor b ` +
    `(${String(wanted[at])}) at non-singleton dimension ${at}.`
  );
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}
