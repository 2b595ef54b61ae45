import type { QuantizedFormat } from '../../core/model-spec.js';
import {
  type AnyPlan,
  denseLinears,
  headOf,
  isRotatable,
  plannedLinears,
  trunkOf,
} from '../plan/demands.js';
import type { TrunkPlan } from '../plan/network.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { ModelTarget } from '../target.js';
import { blockBytes } from '../weights/loaded-bytes.js';
import { staysFloat } from './float-linears.js';
import type { LinearOrder } from './job-list.js';
import {
  type Encodings,
  ENCODINGS,
  headOrder,
  inExpertBlocks,
  order,
  WITH_ZEROS,
} from './linear-orders.js';
import { NO_STEPS } from './recipe-steps.js';

/** Of a number in an embedding table, which stays in its file: half precision. */
const TABLE_BYTES = 2;

/**
 * What a network's matrices will take as a CPU's kernels hold them (weights/loaded-bytes.ts), before there is a weight
 * (docs/decisions/0022-start.md). Norms, biases, zero points, and what stays in floats are left out.
 */
export function expectedBytes(
  plan: AnyPlan,
  format: QuantizedFormat,
  { blockSize }: Pick<ModelTarget, 'blockSize'>,
): number {
  const encodings = format === 'int4' ? WITH_ZEROS : ENCODINGS[format];
  const head = headOf(plan);
  const ofExperts = expertOrders(trunkOf(plan), encodings, isRotatable(plan));
  const experts = new Map(ofExperts.map((one) => [one.plan, one]));
  const orderOf = (linear: LinearPlan): LinearOrder => {
    if (linear === head) return headOrder(linear, encodings, NO_STEPS);
    return experts.get(linear) ?? order(linear, encodings.dense, NO_STEPS);
  };
  const [rows = 0, width = 0] = trunkOf(plan).embedding.shape;
  const floats = staysFloat(plan);
  return plannedLinears(plan)
    .filter((linear) => !floats.has(linear))
    .map(orderOf)
    .reduce((sum, one) => sum + bytesOf(one, blockSize), rows * width * TABLE_BYTES);
}

function expertOrders(
  { layers }: TrunkPlan,
  encodings: Encodings,
  isStreamRotated: boolean,
): readonly LinearOrder[] {
  return layers.flatMap(({ mlp }) => {
    if (mlp?.kind !== 'moe') return [];
    const isRotated = isStreamRotated && mlp.latent === undefined;
    return mlp.experts.flatMap((expert) =>
      denseLinears(expert).map((linear) => {
        const one = order(linear, encodings.expert, NO_STEPS);
        return isRotated && linear !== expert.down ? inExpertBlocks(one, encodings) : one;
      }),
    );
  });
}

function bytesOf({ plan, encoding, blockSize }: LinearOrder, usual: number): number {
  if (encoding === 'w8a8_int8') return plan.in * plan.out;
  const bits = encoding === 'int8' ? 8 : 4;
  return blockBytes({ in: plan.in, out: plan.out, bits, blockSize: blockSize ?? usual });
}
