import type { DecoderModel } from '../families/family.js';
import { denseLinears, latentLinears } from '../plan/demands.js';
import type { LayerPlan } from '../plan/network.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { Lines } from '../weights/packing.js';
import type { TensorView } from '../weights/tensor-view.js';

/** A linear module as peft names it, and what of the plan it is. */
export interface LoraModule {
  /** What a checkpoint calls it, without `.weight`. */
  readonly path: string;
  readonly in: number;
  readonly out: number;
  readonly parts: readonly ModulePart[];
}

/** A part of a linear of the plan whose rows are rows of the module. */
export interface ModulePart {
  /** Name of the linear. */
  readonly linear: string;
  readonly part: number;
  /** Which of them; null = all, in their order. */
  readonly lines: Lines | null;
}

/** The linears that adapters may change: those of attention and of MLPs that all tokens take. */
export function adaptableLinears({ plan }: Pick<DecoderModel, 'plan'>): readonly LinearPlan[] {
  return plan.layers.flatMap((layer) => [...attentionLinears(layer), ...mlpLinears(layer)]);
}

function attentionLinears({ attention }: LayerPlan): LinearPlan[] {
  if (attention === null) return [];
  const { qkv, gate, o } = attention;
  return [qkv, ...latentLinears(attention), ...(gate === null ? [] : [gate]), o];
}

function mlpLinears({ mlp }: LayerPlan): LinearPlan[] {
  if (mlp === null) return [];
  const dense = mlp.kind === 'moe' ? mlp.shared : mlp;
  if (dense === null) return [];
  return denseLinears(dense);
}

/** Every module that an adapter may name, by its path: what the plan calls a part of it, and what it is stored as. */
export function loraModules(model: DecoderModel): ReadonlyMap<string, LoraModule> {
  const modules = new Map<string, LoraModule>();
  const views = new Map(model.views.map((view) => [view.name, view]));
  const add = (path: string, size: readonly [number, number], part: ModulePart): void => {
    const [width, out] = size;
    const parts = [...(modules.get(path)?.parts ?? []), part];
    modules.set(path, { path, in: width, out, parts });
  };
  for (const linear of adaptableLinears(model)) {
    for (const [part, { weight, out }] of linear.parts.entries()) {
      const place = { linear: linear.name, part };
      add(moduleOf(weight), [linear.in, out], { ...place, lines: null });
      const stored = storedAs(views.get(weight), linear.in);
      if (stored !== null) add(stored.path, stored.size, { ...place, lines: stored.lines });
    }
  }
  return modules;
}

interface StoredModule {
  readonly path: string;
  readonly size: readonly [width: number, out: number];
  readonly lines: Lines;
}

/** The matrix of which a part is some rows; null = it is none, or not of a matrix with these inputs. */
function storedAs(view: TensorView | undefined, width: number): StoredModule | null {
  if (view?.ofShape.length !== 2) return null;
  const [first = 0, second = 0] = view.ofShape;
  const [out, inputs] = view.along === 'rows' ? [first, second] : [second, first];
  if (inputs !== width || view.first !== 0) return null;
  return { path: moduleOf(view.of), size: [width, out], lines: view.lines };
}

function moduleOf(weight: string): string {
  return weight.replace(/\.weight$/, '');
}

/** The last word of a path, by which `target_modules` name it. */
export function moduleName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
