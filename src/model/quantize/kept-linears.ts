import { plannedLinears } from '../plan/demands.js';
import type { GatedMlpPlan } from '../plan/mlp.js';
import type { LayerPlan, ModelPlan } from '../plan/network.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelTarget } from '../target.js';
import { InputFiles } from '../weights/input-files.js';
import { staysFloat } from './float-linears.js';
import { type KeptBlocks, keptBlocks } from '../weights/kept-blocks.js';

/** How a linear stays as it is. */
export interface KeptLinear {
  /** In blocks of one size, with their columns in one order. */
  readonly parts: readonly KeptBlocks[];
  /** The input's columns are to be put into that order; else they come in it. */
  readonly ordersInput: boolean;
  /** `[part.out]`, the same for each part: where its rows go among them; null = where they are. */
  readonly rowPlaces: Uint32Array | null;
}

/** How many of a model's linears are as the checkpoint has them. */
export interface KeptCount {
  readonly kept: number;
  readonly of: number;
}

export type KeptLinears = ReadonlyMap<LinearPlan, KeptLinear>;

export const NONE_KEPT: KeptLinears = new Map();

/**
 * The linears that `int4` leaves in the checkpoint's own blocks. None on a GPU, whose kernels want others.
 * @throws ModelLoadError where an order of columns is none
 */
export function keptLinears(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { device }: ModelTarget,
): KeptLinears {
  if (device !== 'cpu') return NONE_KEPT;
  // The head takes 8 bits in every format.
  const others = new Set([...staysFloat(plan), plan.head]);
  const files = new InputFiles();
  try {
    const kept = new Map<LinearPlan, KeptLinear>();
    for (const linear of plannedLinears(plan)) {
      const parts = others.has(linear) ? null : keptParts(linear, checkpoint, files);
      if (parts === null) continue;
      const ordersInput = parts.some(({ columns }) => columns !== null);
      kept.set(linear, { parts, ordersInput, rowPlaces: null });
    }
    for (const mlp of plan.layers.flatMap(gatedMlps)) orderOutputs(kept, mlp);
    return kept;
  } finally {
    files.close();
  }
}

function gatedMlps({ mlp }: LayerPlan): readonly GatedMlpPlan[] {
  if (mlp === null) return [];
  const dense = mlp.kind === 'moe' ? [...mlp.experts, ...(mlp.shared ? [mlp.shared] : [])] : [mlp];
  return dense.filter((one) => one.kind === 'gated');
}

/** Gate and up give their outputs in the order that `down` takes them in: no run has to make it. */
function orderOutputs(kept: Map<LinearPlan, KeptLinear>, mlp: GatedMlpPlan): void {
  const [gateUp, down] = [kept.get(mlp.gateUp), kept.get(mlp.down)];
  const columns = down?.parts[0]?.columns ?? null;
  if (gateUp === undefined || down === undefined || columns === null) return;
  const rowPlaces = new Uint32Array(columns.length);
  for (const [place, column] of columns.entries()) rowPlaces[column] = place;
  kept.set(mlp.gateUp, { ...gateUp, rowPlaces });
  kept.set(mlp.down, { ...down, ordersInput: false });
}

function keptParts(
  { parts, in: width }: LinearPlan,
  { tensors }: Checkpoint,
  files: InputFiles,
): readonly KeptBlocks[] | null {
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
