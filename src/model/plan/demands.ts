import { layerNorms, normTensors, outerNorms } from './facts.js';
import type { AttentionPlan } from './attention.js';
import type { DenseMlpPlan, MlpPlan, MoePlan } from './mlp.js';
import type { LayerPlan, ModelPlan, TrunkPlan } from './network.js';
import type { RecurrentPlan } from './recurrent.js';
import type { AdapterPlan, LinearPlan, TensorPlan } from './tensors.js';
import { pooledLinears, pooledTensors, type PooledPlan } from '../pooled/pooled-plan.js';

/** A network that generates, or one that answers with vectors. */
export type AnyPlan = ModelPlan | PooledPlan;

/** The layers, and what stands around them. */
export function trunkOf(plan: AnyPlan): TrunkPlan {
  return 'trunk' in plan ? plan.trunk.plan : plan;
}

/** What makes logits of rows; null = the rows are pooled. */
export function headOf(plan: AnyPlan): LinearPlan | null {
  return 'trunk' in plan ? null : plan.head;
}

/** Whether a rotation of the stream leaves the network as it is ({@link ModelPlan.rotatable}). */
export function isRotatable(plan: AnyPlan): boolean {
  return 'trunk' in plan ? plan.trunk.rotatable : plan.rotatable;
}

/** The norms, embedding and other plain tensors of a plan, in the order of the network. */
export function plannedTensors(plan: AnyPlan): TensorPlan[] {
  if (!('trunk' in plan)) return decoderTensors(plan);
  return [...decoderTensors(plan.trunk.plan), ...pooledTensors(plan)];
}

function decoderTensors(plan: TrunkPlan): TensorPlan[] {
  const norms = [...plan.layers.flatMap(layerNorms), ...outerNorms(plan)];
  const activations = plan.layers.flatMap(({ mlp }) => (mlp === null ? [] : mlpTensors(mlp)));
  const others = plan.layers.flatMap((layer) => [
    ...scoreTensors(layer),
    ...recurrentTensors(layer.recurrent),
    ...streamTensors(layer),
  ]);
  const adapters = layerLinears(plan).flatMap(({ parts }) =>
    parts.flatMap(({ adapter }) => adapterTensors(adapter)),
  );
  return [...tablesOf(plan), ...norms.flatMap(normTensors), ...activations, ...others, ...adapters];
}

/** Those of one, or nothing. */
export function adapterTensors(adapter: AdapterPlan | undefined): TensorPlan[] {
  return adapter === undefined ? [] : [adapter.down, adapter.up];
}

/** Whose rows are picked by tokens, or by positions. */
export function tablesOf({ embedding, positions, tokenInputs }: TrunkPlan): TensorPlan[] {
  const others = [positions, tokenInputs?.embedding ?? null];
  return [embedding, ...others.filter((table) => table !== null)];
}

/** What a layer's streams are multiplied by. */
export function streamTensors({ altUp, outputScale }: LayerPlan): TensorPlan[] {
  const ofStreams = altUp && [altUp.prediction, altUp.correction, altUp.outputGain];
  const tensors = [...(ofStreams ?? []), outputScale ?? null];
  return tensors.filter((tensor) => tensor !== null);
}

/** What is no norm and no linear of it. */
export function recurrentTensors(plan: RecurrentPlan | null): TensorPlan[] {
  if (plan === null) return [];
  const { weight, bias } = plan.conv;
  const ofConv = bias === null ? [weight] : [weight, bias];
  switch (plan.kind) {
    case 'short_conv':
      return ofConv;
    case 'delta_net':
      return [...ofConv, plan.aLog, plan.stepBias];
    case 'mamba1':
      return [...ofConv, plan.aLog, plan.d];
    case 'mamba2':
      return [...ofConv, plan.aLog, plan.stepBias, plan.d];
  }
}

/** What a layer does to scores: of attention, and of its router. What latent attention absorbs, too. */
export function scoreTensors({ attention, mlp }: LayerPlan): TensorPlan[] {
  const routing = mlp?.kind === 'moe' && mlp.routing.kind === 'scored' ? mlp.routing : null;
  const absorbed = attention?.latent?.absorbed;
  const ofScores = [attention?.sinks, routing?.bias, routing?.expertScale];
  const tensors = [...ofScores, absorbed?.keys, absorbed?.values];
  return tensors.filter((tensor) => tensor !== null && tensor !== undefined);
}

/** What the checkpoint has of a learned activation, or of all experts together. */
export function mlpTensors(mlp: MlpPlan): TensorPlan[] {
  if (mlp.kind === 'moe') return mlp.bias === undefined ? [] : [mlp.bias];
  if (mlp.kind !== 'plain' || typeof mlp.activation === 'string') return [];
  return [mlp.activation.positive, mlp.activation.negative];
}

/** Every linear of a plan, in the order of the network. */
export function plannedLinears(plan: AnyPlan): LinearPlan[] {
  if (!('trunk' in plan)) return [...layerLinears(plan), plan.head];
  return [...layerLinears(plan.trunk.plan), ...pooledLinears(plan)];
}

function layerLinears(plan: TrunkPlan): LinearPlan[] {
  return [
    ...entryLinears(plan),
    ...plan.layers.flatMap((layer) => [
      ...attentionLinears(layer),
      ...recurrentLinears(layer.recurrent),
      ...mlpLinears(layer),
      ...besideLinears(layer),
    ]),
  ];
}

/** What stands before the layers, and behind them. */
export function entryLinears({ tokenInputs, streams }: TrunkPlan): LinearPlan[] {
  const ofTokens = tokenInputs === undefined ? [] : [tokenInputs.projection];
  return [...ofTokens, ...(streams === undefined ? [] : [...streams.enter, ...streams.leave])];
}

/** What a layer has beside attention and MLP. */
export function besideLinears({ altUp, tokenInput }: LayerPlan): LinearPlan[] {
  const ofStreams = altUp && [altUp.laurel.down, altUp.laurel.up, altUp.router];
  const ofToken = tokenInput && [tokenInput.gate, tokenInput.up];
  return [...(ofStreams ?? []), ...(ofToken ?? [])];
}

function attentionLinears({ attention }: LayerPlan): LinearPlan[] {
  if (attention === null) return [];
  const { qkv, gate, o } = attention;
  return [qkv, ...latentLinears(attention), ...(gate === null ? [] : [gate]), o];
}

function recurrentLinears(plan: RecurrentPlan | null): LinearPlan[] {
  switch (plan?.kind) {
    case undefined:
      return [];
    case 'short_conv':
      return [plan.bcx, plan.out];
    case 'delta_net':
      return [plan.qkv, plan.z, plan.gates, plan.out];
    case 'mamba1':
      return [plan.xz, plan.selection, plan.steps, plan.out];
    case 'mamba2':
      return [plan.z, plan.xbc, plan.dt, plan.out];
  }
}

/** What makes q, k and v of their latents. */
export function latentLinears({ latent }: AttentionPlan): LinearPlan[] {
  if (latent === null) return [];
  const ofQuery = latent.q === null ? [] : [latent.q.up];
  return latent.absorbed === null ? [...ofQuery, latent.up] : ofQuery;
}

function mlpLinears({ mlp }: LayerPlan): LinearPlan[] {
  if (mlp === null) return [];
  if (mlp.kind !== 'moe') return denseLinears(mlp);
  const shared = mlp.shared === null ? [] : denseLinears(mlp.shared);
  const gate = mlp.shared?.gate ?? null;
  const experts = mlp.experts.flatMap(denseLinears);
  const ends = latentEnds(mlp);
  return [mlp.router, ...ends, ...experts, ...shared, ...(gate === null ? [] : [gate])];
}

/** What brings tokens to what experts read, and back. */
export function latentEnds({ latent }: MoePlan): readonly LinearPlan[] {
  return latent === undefined ? [] : [latent.enter, latent.leave];
}

/** Of an MLP, or of one expert. */
export function denseLinears(mlp: DenseMlpPlan): LinearPlan[] {
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
