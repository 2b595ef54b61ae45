import type { GatedMlpPlan, LayerPlan, LinearPlan, ModelPlan, TensorPlan } from './plan.js';
import { pooledLinears, pooledTensors, type PooledPlan } from './pooled/pooled-plan.js';

/** A network that generates, or one that answers with vectors. */
export type AnyPlan = ModelPlan | PooledPlan;

/** The norms, embedding and other plain tensors of a plan, in the order of the network. */
export function plannedTensors(plan: AnyPlan): TensorPlan[] {
  if (!('trunk' in plan)) return decoderTensors(plan);
  const { trunk } = plan;
  const own = trunk.kind === 'decoder' ? decoderTensors(trunk.plan) : [];
  return [...own, ...pooledTensors(plan)];
}

function decoderTensors(plan: ModelPlan): TensorPlan[] {
  const ofLayer = (layer: LayerPlan): TensorPlan[] => {
    const { inputNorm, qNorm, kNorm, attentionOutputNorm, postNorm, mlpOutputNorm } = layer;
    const norms = [inputNorm, qNorm, kNorm, attentionOutputNorm, postNorm, mlpOutputNorm];
    return norms.filter((norm) => norm !== null);
  };
  return [plan.embedding, ...plan.layers.flatMap(ofLayer), plan.finalNorm];
}

/** Every linear of a plan, in the order of the network. */
export function plannedLinears(plan: AnyPlan): LinearPlan[] {
  if (!('trunk' in plan)) return [...layerLinears(plan), plan.head];
  const { trunk } = plan;
  const own = trunk.kind === 'decoder' ? layerLinears(trunk.plan) : [];
  return [...own, ...pooledLinears(plan)];
}

function layerLinears(plan: ModelPlan): LinearPlan[] {
  return plan.layers.flatMap((layer) => [layer.qkv, layer.o, ...mlpLinears(layer)]);
}

function mlpLinears({ mlp }: LayerPlan): LinearPlan[] {
  const gated = ({ gateUp, down }: GatedMlpPlan): LinearPlan[] => [gateUp, down];
  if (mlp.kind === 'dense') return gated(mlp);
  const shared = mlp.shared === null ? [] : gated(mlp.shared);
  const gate = mlp.shared?.gate ?? null;
  return [mlp.router, ...mlp.experts.flatMap(gated), ...shared, ...(gate === null ? [] : [gate])];
}

/** One checkpoint tensor that a plan reads, with the shape that config.json demands. */
export interface Demand {
  readonly checkpoint: string;
  readonly shape: readonly number[];
}

/** What a plan reads from the checkpoint, each tensor once. */
export function planDemands(plan: AnyPlan): Demand[] {
  const demands = new Map<string, Demand>();
  const add = (checkpoint: string, shape: readonly number[]): void => {
    if (!demands.has(checkpoint)) demands.set(checkpoint, { checkpoint, shape });
  };
  for (const tensor of plannedTensors(plan)) add(tensor.checkpoint, tensor.shape);
  for (const linear of plannedLinears(plan)) {
    for (const part of linear.parts) {
      add(part.weight, [part.out, linear.in]);
      if (part.bias !== null) add(part.bias, [part.out]);
    }
  }
  return [...demands.values()];
}

/** Number of parameters that a plan reads, shared tensors counted once. */
export function countParameters(plan: AnyPlan): number {
  return planDemands(plan).reduce(
    (total, { shape }) => total + shape.reduce((product, size) => product * size, 1),
    0,
  );
}
