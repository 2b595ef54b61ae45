import type { KeptCount } from '../../core/kept-count.js';
import { plannedLinears } from '../plan/demands.js';
import type { GatedMlpPlan } from '../plan/mlp.js';
import type { LayerPlan, ModelPlan } from '../plan/network.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelTarget } from '../target.js';
import { InputFiles } from '../weights/input-files.js';
import { staysFloat } from './float-linears.js';
import { findWeight } from '../weights/find-weight.js';
import { type KeptBlocks, keptBlocks } from '../weights/kept-blocks.js';
import { bytesPerNumber } from '../weights/stored-bytes.js';

/** How a linear stays as it is. */
export type KeptLinear = KeptMatrix | KeptParts;

/** All parts are one product of one input. */
export interface KeptMatrix {
  readonly kind: 'matrix';
  /** In blocks of one size, with their columns in one order. */
  readonly parts: readonly KeptBlocks[];
  /** The input's columns are to be put into that order; else they come in it. */
  readonly ordersInput: boolean;
  /** `[part.out]`, the same for each part: where its rows go among them; null = where they are. */
  readonly rowPlaces: Uint32Array | null;
}

/** Each part is a product of its own: they are stored in different ways. */
export interface KeptParts {
  readonly kind: 'parts';
  /** Null = it is stored in more than four bits, and gets eight. */
  readonly parts: readonly (KeptMatrix | null)[];
}

export interface KeptLinears {
  readonly linears: ReadonlyMap<LinearPlan, KeptLinear>;
  /** Those that are stored in more than four bits get eight beside them. */
  readonly finer: ReadonlySet<LinearPlan>;
}

export const NONE_KEPT: KeptLinears = { linears: new Map(), finer: new Set() };

/** What a checkpoint says of a number of its own in four bits: more than this, scales included, is finer. */
const BITS_MAX = 5;

/** Smaller ones take eight bits a weight as the runtime packs them, with what each block has beside its codes. */
const SMALL_BLOCK = 32;

/** What four bits are taken for. */
export interface KeptWishes {
  /** Nobody asked for them: the memory did. Then small blocks are rounded. */
  readonly isForMemory?: boolean;
}

/**
 * The linears that `int4` leaves in the checkpoint's own blocks. None on a GPU, whose kernels want others, and none where
 * more is finer than could be kept: then all are rounded to four bits, which the asker wants.
 * @throws ModelLoadError where an order of columns is none
 */
export function keptLinears(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { device }: ModelTarget,
  { isForMemory = false }: KeptWishes = {},
): KeptLinears {
  if (device !== 'cpu') return NONE_KEPT;
  // The head takes 8 bits in every format.
  const others = new Set([...staysFloat(plan), plan.head]);
  const files = new InputFiles();
  const smallest = isForMemory ? SMALL_BLOCK : 0;
  try {
    const linears = new Map<LinearPlan, KeptLinear>();
    const finer = new Set<LinearPlan>();
    for (const linear of plannedLinears(plan)) {
      if (others.has(linear)) continue;
      const parts = linear.parts
        .map((part) => storedPart(part, linear.in, checkpoint, files))
        .map((part) => (typeof part === 'object' && part.blockSize < smallest ? 'other' : part));
      const kept = keptLinear(parts);
      if (kept !== null) linears.set(linear, kept);
      else if (parts.some((part) => part === 'finer')) finer.add(linear);
    }
    if (!isMostlyKept(linears, finer)) return NONE_KEPT;
    for (const mlp of plan.layers.flatMap(gatedMlps)) orderOutputs(linears, mlp);
    return { linears, finer };
  } finally {
    files.close();
  }
}

/** For the log, and who asks the server; null where none are kept. */
export function countKept(plan: ModelPlan, { linears }: KeptLinears): KeptCount | null {
  if (linears.size === 0) return null;
  const all = plannedLinears(plan);
  const byKind: Record<string, [number, number]> = {};
  for (const linear of all) {
    const kind = (byKind[kindOf(linear)] ??= [0, 0]);
    if (linears.has(linear)) kind[0] += 1;
    kind[1] += 1;
  }
  return { kept: linears.size, of: all.length, byKind };
}

function kindOf({ name }: LinearPlan): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** By the numbers of the parts that are kept, and of those that are finer. */
function isMostlyKept(linears: KeptLinears['linears'], finer: KeptLinears['finer']): boolean {
  let balance = 0;
  for (const linear of finer) balance -= linear.in * linear.out;
  for (const [{ in: width, parts }, kept] of linears) {
    for (const [at, { out }] of parts.entries()) {
      balance += (kept.parts[at] === null ? -width : width) * out;
    }
  }
  return balance >= 0;
}

function gatedMlps({ mlp }: LayerPlan): readonly GatedMlpPlan[] {
  if (mlp === null) return [];
  const dense = mlp.kind === 'moe' ? [...mlp.experts, ...(mlp.shared ? [mlp.shared] : [])] : [mlp];
  return dense.filter((one) => one.kind === 'gated');
}

/** Gate and up give their outputs in the order that `down` takes them in: no run has to make it. */
function orderOutputs(kept: Map<LinearPlan, KeptLinear>, mlp: GatedMlpPlan): void {
  const [gateUp, down] = [kept.get(mlp.gateUp), kept.get(mlp.down)];
  if (gateUp?.kind !== 'matrix' || down?.kind !== 'matrix') return;
  const columns = down.parts[0]?.columns ?? null;
  if (columns === null) return;
  const rowPlaces = new Uint32Array(columns.length);
  for (const [place, column] of columns.entries()) rowPlaces[column] = place;
  kept.set(mlp.gateUp, { ...gateUp, rowPlaces });
  kept.set(mlp.down, { ...down, ordersInput: false });
}

/** `other`: it has no codes that could be kept, and no more bits either. */
type StoredPart = KeptBlocks | 'finer' | 'other';

function storedPart(
  { weight, out }: LinearPlan['parts'][number],
  width: number,
  checkpoint: Checkpoint,
  files: InputFiles,
): StoredPart {
  const tensor = findWeight(checkpoint, weight, [out, width]);
  const blocks = keptBlocks(files, tensor.packing, width);
  if (blocks !== null) return blocks;
  return 8 * bytesPerNumber(tensor) > BITS_MAX ? 'finer' : 'other';
}

/** Null = it cannot be kept. */
function keptLinear(parts: readonly StoredPart[]): KeptLinear | null {
  const blocks = parts.filter((part) => typeof part === 'object');
  const [first] = blocks;
  if (first === undefined || parts.includes('other')) return null;
  if (blocks.length === parts.length && blocks.every((one) => fits(one, first))) {
    return matrixOf(blocks);
  }
  // Columns in orders of their own would have to be put into each.
  if (blocks.some(({ columns }) => columns !== null)) return null;
  const each = parts.map((one) => (typeof one === 'object' ? matrixOf([one]) : null));
  return { kind: 'parts', parts: each };
}

function matrixOf(parts: readonly KeptBlocks[]): KeptMatrix {
  const ordersInput = parts.some(({ columns }) => columns !== null);
  return { kind: 'matrix', parts, ordersInput, rowPlaces: null };
}

/** Whether two parts can be one product of one input. */
function fits(a: KeptBlocks, b: KeptBlocks): boolean {
  const isAlike = a.blockSize === b.blockSize && a.hasMinima === b.hasMinima;
  return isAlike && isSameOrder(a.columns, b.columns);
}

function isSameOrder(a: Uint32Array | null, b: Uint32Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.every((column, at) => column === b[at]);
}
