import { plannedLinears } from '../plan-tensors.js';
import type { LinearPlan, ModelPlan } from '../plan.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelTarget } from '../target.js';
import { InputFiles } from '../weights/input-files.js';
import { type KeptBlocks, keptBlocks } from '../weights/kept-blocks.js';

/** How each part of a linear stays as it is: in blocks of one size, with its columns in one order. */
export type KeptParts = readonly KeptBlocks[];

/** The linears that stay as they are. */
export type KeptLinears = ReadonlyMap<LinearPlan, KeptParts>;

export const NONE_KEPT: KeptLinears = new Map();

/**
 * The linears that `int4` leaves in the checkpoint's own blocks. None on a GPU, whose kernels want others, and none of a
 * model with experts: how many rows an expert gets is not even, as such blocks need it (graph/run-rows.ts).
 * @throws ModelLoadError where an order of columns is none
 */
export function keptLinears(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { device }: ModelTarget,
): KeptLinears {
  const isDense = plan.layers.every(({ mlp }) => mlp.kind === 'dense');
  if (device !== 'cpu' || !isDense) return NONE_KEPT;
  const files = new InputFiles();
  try {
    const kept = new Map<LinearPlan, KeptParts>();
    for (const linear of plannedLinears(plan)) {
      // The head takes 8 bits in every format.
      const parts = linear === plan.head ? null : keptParts(linear, checkpoint, files);
      if (parts !== null) kept.set(linear, parts);
    }
    return kept;
  } finally {
    files.close();
  }
}

function keptParts(
  { parts, in: width }: LinearPlan,
  { tensors }: Checkpoint,
  files: InputFiles,
): KeptParts | null {
  const kept: KeptBlocks[] = [];
  for (const { weight } of parts) {
    const blocks = keptBlocks(files, tensors.get(weight)?.packing ?? null, width);
    if (blocks === null || !fits(blocks, kept[0] ?? blocks)) return null;
    kept.push(blocks);
  }
  return kept;
}

/** Whether two parts can be one product of one input. */
function fits(a: KeptBlocks, b: KeptBlocks): boolean {
  return a.blockSize === b.blockSize && isSameOrder(a.columns, b.columns);
}

function isSameOrder(a: Uint32Array | null, b: Uint32Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.every((column, at) => column === b[at]);
}
