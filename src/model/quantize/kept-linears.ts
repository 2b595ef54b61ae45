import { plannedLinears } from '../plan-tensors.js';
import type { LinearPlan, ModelPlan } from '../plan.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelTarget } from '../target.js';
import { type KeptBlocks, keptBlocks } from '../weights/kept-blocks.js';

/**
 * The linears that `int4` leaves in the checkpoint's own blocks. None on a GPU, whose kernels want others, and none of a
 * model with experts: how many rows an expert gets is not even, as such blocks need it (graph/run-rows.ts).
 */
export function keptLinears(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { device }: ModelTarget,
): ReadonlySet<LinearPlan> {
  const isDense = plan.layers.every(({ mlp }) => mlp.kind === 'dense');
  if (device !== 'cpu' || !isDense) return new Set();
  // The head takes 8 bits in every format.
  const linears = plannedLinears(plan).filter((linear) => linear !== plan.head);
  return new Set(linears.filter((linear) => keptParts(linear, checkpoint) !== null));
}

/** How each part of a linear stays as it is, in blocks of one size; null = it cannot. */
export function keptParts(
  { parts, in: columns }: LinearPlan,
  { tensors }: Checkpoint,
): readonly KeptBlocks[] | null {
  const blocks = parts.map(({ weight }) =>
    keptBlocks(tensors.get(weight)?.packing ?? null, columns),
  );
  const kept = blocks.filter((block) => block !== null);
  const sizes = new Set(kept.map(({ blockSize }) => blockSize));
  return kept.length === parts.length && sizes.size === 1 ? kept : null;
}
