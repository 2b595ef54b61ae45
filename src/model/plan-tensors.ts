import { layerNorms } from './plan-facts.js';
import type {
  AttentionPlan,
  DenseMlpPlan,
  HeadNormPlan,
  LayerPlan,
  LinearPlan,
  MlpPlan,
  ModelPlan,
  NormPlan,
  TensorPlan,
} from './plan.js';
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
  const norms = [...plan.layers.flatMap(layerNorms), plan.finalNorm];
  const activations = plan.layers.flatMap(({ mlp }) => activationTensors(mlp));
  const tables = plan.positions === null ? [plan.embedding] : [plan.embedding, plan.positions];
  const scores = plan.layers.flatMap(scoreTensors);
  return [...tables, ...norms.flatMap(normTensors), ...activations, ...scores];
}

/** What a layer adds to scores: of attention, and of its router. */
export function scoreTensors({ attention, mlp }: LayerPlan): TensorPlan[] {
  const bias = mlp.kind === 'moe' && mlp.routing.kind === 'scored' ? mlp.routing.bias : null;
  return [attention.sinks, bias].filter((tensor) => tensor !== null);
}

/** What the checkpoint has of a norm. */
export function normTensors(norm: NormPlan | HeadNormPlan): TensorPlan[] {
  const { gain, bias } = norm;
  const ofHeads = 'headGains' in norm ? (norm.headGains ?? []) : [];
  return [gain, bias, ...ofHeads].filter((tensor) => tensor !== null);
}

/** What the checkpoint has of a learned activation. */
export function activationTensors(mlp: MlpPlan): TensorPlan[] {
  if (mlp.kind !== 'plain' || typeof mlp.activation === 'string') return [];
  return [mlp.activation.positive, mlp.activation.negative];
}

/** Every linear of a plan, in the order of the network. */
export function plannedLinears(plan: AnyPlan): LinearPlan[] {
  if (!('trunk' in plan)) return [...layerLinears(plan), plan.head];
  const { trunk } = plan;
  const own = trunk.kind === 'decoder' ? layerLinears(trunk.plan) : [];
  return [...own, ...pooledLinears(plan)];
}

function layerLinears(plan: ModelPlan): LinearPlan[] {
  return plan.layers.flatMap((layer) => [
    layer.attention.qkv,
    ...latentLinears(layer.attention),
    layer.attention.o,
    ...mlpLinears(layer),
  ]);
}

/** What makes q, k and v of their latents. */
export function latentLinears({ latent }: AttentionPlan): LinearPlan[] {
  return latent === null ? [] : [...(latent.q === null ? [] : [latent.q.up]), latent.up];
}

function mlpLinears({ mlp }: LayerPlan): LinearPlan[] {
  if (mlp.kind !== 'moe') return denseLinears(mlp);
  const shared = mlp.shared === null ? [] : denseLinears(mlp.shared);
  const gate = mlp.shared?.gate ?? null;
  const experts = mlp.experts.flatMap(denseLinears);
  return [mlp.router, ...experts, ...shared, ...(gate === null ? [] : [gate])];
}

function denseLinears(mlp: DenseMlpPlan): LinearPlan[] {
  return [mlp.kind === 'gated' ? mlp.gateUp : mlp.up, mlp.down];
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
