import type { MoeSpec } from '../core/model-spec.js';
import type { LayerPlan, ModelPlan, MoePlan, NormPlan } from './plan.js';

/** The layers that route, and among how many experts; null = none does. */
export function moeFacts({ layers }: ModelPlan): MoeSpec | null {
  const routed = layers.flatMap(({ index, mlp }) => (mlp.kind === 'moe' ? [{ index, mlp }] : []));
  const [first] = routed;
  if (first === undefined) return null;
  const { experts, topK }: MoePlan = first.mlp;
  return { layers: routed.map(({ index }) => index), numExperts: experts.length, topK };
}

/** One per layer: attention sees this many positions, the token's own included; null = all. */
export function layerWindows({ layers }: ModelPlan): readonly (number | null)[] {
  return layers.map(({ attention }) => attention.window);
}

/** The norms of a layer, in the order of the network. */
export function layerNorms(layer: LayerPlan): readonly NormPlan[] {
  const { inputNorm, attention, attentionOutputNorm, mlpNorm, mlpOutputNorm } = layer;
  const { qNorm, kNorm, latent } = attention;
  const heads = [latent?.q?.norm ?? null, latent?.norm ?? null, qNorm, kNorm];
  const norms = [inputNorm, ...heads, attentionOutputNorm, mlpNorm, mlpOutputNorm];
  return norms.filter((norm) => norm !== null);
}
