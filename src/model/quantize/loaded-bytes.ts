import type { QuantizedFormat } from '../../core/model-spec.js';
import { type AnyPlan, denseLinears, headOf, plannedLinears, trunkOf } from '../plan/demands.js';
import type { TrunkPlan } from '../plan/network.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { ModelTarget } from '../target.js';
import { staysFloat } from './float-linears.js';
import type { LinearOrder } from './job-list.js';
import { ENCODINGS, headOrder, order, WITH_ZEROS } from './linear-orders.js';
import { NO_STEPS } from './recipe-steps.js';

/** Of a number in an embedding table, which stays in its file: half precision. */
const TABLE_BYTES = 2;
/** A scale and the sum of the codes, both f32: the runtime keeps them beside its codes. */
const BYTES_PER_BLOCK = 8;

/**
 * What a network's matrices take as a CPU's kernels hold them, which is more than their file has
 * (docs/decisions/0022-start.md). Norms, biases, zero points, and what stays in floats are left out.
 */
export function loadedBytes(
  plan: AnyPlan,
  format: QuantizedFormat,
  { blockSize }: Pick<ModelTarget, 'blockSize'>,
): number {
  const encodings = format === 'int4' ? WITH_ZEROS : ENCODINGS[format];
  const head = headOf(plan);
  const experts = new Set(expertLinears(trunkOf(plan)));
  const orderOf = (linear: LinearPlan): LinearOrder => {
    if (linear === head) return headOrder(linear, encodings, NO_STEPS);
    return order(linear, experts.has(linear) ? encodings.expert : encodings.dense, NO_STEPS);
  };
  const [rows = 0, width = 0] = trunkOf(plan).embedding.shape;
  const floats = staysFloat(plan);
  return plannedLinears(plan)
    .filter((linear) => !floats.has(linear))
    .map(orderOf)
    .reduce((sum, one) => sum + bytesOf(one, blockSize), rows * width * TABLE_BYTES);
}

function expertLinears({ layers }: TrunkPlan): readonly LinearPlan[] {
  return layers.flatMap(({ mlp }) =>
    mlp?.kind === 'moe' ? mlp.experts.flatMap(denseLinears) : [],
  );
}

function bytesOf({ plan, encoding, blockSize }: LinearOrder, usual: number): number {
  const numbers = plan.in * plan.out;
  if (encoding === 'w8a8_int8') return numbers;
  const bytes = encoding === 'int8' ? 1 : 0.5;
  return numbers * (bytes + BYTES_PER_BLOCK / (blockSize ?? usual));
}
