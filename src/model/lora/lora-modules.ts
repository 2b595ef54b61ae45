import type { DecoderModel } from '../families/family.js';
import { denseLinears, latentLinears } from '../plan/demands.js';
import type { LayerPlan } from '../plan/network.js';
import type { LinearPlan, TensorPlan } from '../plan/tensors.js';
import type { Lines } from '../weights/packing.js';
import type { TensorView } from '../weights/tensor-view.js';

/** A linear module as peft names it, and what of the plan it is. */
export interface LoraModule {
  /** What a checkpoint calls it, without `.weight`. */
  readonly path: string;
  readonly in: number;
  readonly out: number;
  readonly parts: readonly ModulePart[];
  /** The table of tokens. */
  readonly isTable?: true;
}

/** A part of a linear of the plan whose rows are rows of the module. */
export interface ModulePart {
  /** Name of the linear. */
  readonly linear: string;
  readonly part: number;
  /** Which of them; null = all, in their order. */
  readonly lines: Lines | null;
}

/** What a head is called that has no weights of its own. */
export const TIED_HEAD = 'lm_head';

/** The linears that adapters may change: those of attention, of MLPs that all tokens take, and the head. */
export function adaptableLinears({ plan }: Pick<DecoderModel, 'plan'>): readonly LinearPlan[] {
  const ofLayers = plan.layers.flatMap((layer) => [
    ...attentionLinears(layer),
    ...mlpLinears(layer),
  ]);
  return [...ofLayers, plan.head];
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
  const { embedding } = model.plan;
  modules.set(moduleOf(embedding.checkpoint), tableModule(embedding));
  for (const linear of adaptableLinears(model)) {
    for (const [part, { weight, out }] of linear.parts.entries()) {
      const place = { linear: linear.name, part };
      const path = weight === embedding.checkpoint ? TIED_HEAD : moduleOf(weight);
      add(path, [linear.in, out], { ...place, lines: null });
      const stored = storedAs(views.get(weight), linear.in);
      if (stored !== null) add(stored.path, stored.size, { ...place, lines: stored.lines });
    }
  }
  return modules;
}

function tableModule({ name, checkpoint, shape }: TensorPlan): LoraModule {
  const [width = 0, out = 0] = shape;
  const parts = [{ linear: name, part: 0, lines: null }];
  return { path: moduleOf(checkpoint), in: width, out, parts, isTable: true };
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
