import type { MoeSpec, StateSpec, StateTensor } from '../../core/model-spec.js';
import type { AttentionPlan, HeadNormPlan, HeadSizes } from './attention.js';
import type { MoePlan } from './mlp.js';
import type { LayerPlan, TrunkPlan } from './network.js';
import type { ConvPlan, MemoryHeads, RecurrentPlan } from './recurrent.js';
import type { NormPlan, TensorPlan } from './tensors.js';

/** The layers that route, and among how many experts; null = none does. */
export function moeFacts({ layers }: TrunkPlan): MoeSpec | null {
  const routed = layers.flatMap(({ index, mlp }) => (mlp?.kind === 'moe' ? [{ index, mlp }] : []));
  const [first] = routed;
  if (first === undefined) return null;
  const { experts, topK }: MoePlan = first.mlp;
  return { layers: routed.map(({ index }) => index), numExperts: experts.length, topK };
}

/** Of the layers that have it. */
export function attentionsOf({ layers }: TrunkPlan): readonly AttentionPlan[] {
  return layers.flatMap(({ attention }) => attention ?? []);
}

/** Those of a layer. */
export function headsOf({ numHeads, numKvHeads, headDim }: HeadSizes, plan: AttentionPlan) {
  return plan.heads ?? { numHeads, numKvHeads, headDim };
}

/** Whether heads of all layers are alike, and each has keys and values of its own. */
export function hasPlainKv(plan: TrunkPlan): boolean {
  return attentionsOf(plan).every(
    ({ heads, sharesKv }) => heads === undefined && sharesKv === undefined,
  );
}

/** Whether keys are values too, and kept once. */
export function keepsLatents(plan: TrunkPlan): boolean {
  return attentionsOf(plan).some(({ latent }) => latent !== null && latent.absorbed !== null);
}

/** What a sequence has of each layer beside rows of K and V; null = nothing. */
export function stateFacts({ layers }: TrunkPlan): StateSpec | null {
  const tensors = layers.flatMap(({ index, recurrent }) =>
    recurrent === null ? [] : layerState(index, recurrent),
  );
  const kvLayers = layers.filter(({ attention }) => attention !== null).map(({ index }) => index);
  if (tensors.length === 0 && kvLayers.length === layers.length) return null;
  return { kvLayers, tensors };
}

/** What a layer keeps: `[channels, width - 1]`, and `[numValueHeads, keyDim, valueDim]` of linear attention. */
export function layerState(layer: number, plan: RecurrentPlan): readonly StateTensor[] {
  const conv = ({ channels, width }: ConvPlan): StateTensor => ({
    layer,
    part: 'conv',
    shape: [channels, width - 1],
  });
  if (plan.kind === 'short_conv') return [conv(plan.conv)];
  const { numValueHeads, keyDim, valueDim }: MemoryHeads = plan;
  const memory = { layer, part: 'memory', shape: [numValueHeads, keyDim, valueDim] } as const;
  return [conv(plan.conv), memory];
}

/** One per layer with attention: it sees this many positions, the token's own included; null = all. */
export function layerWindows(plan: TrunkPlan): readonly (number | null)[] {
  return attentionsOf(plan).map(({ window }) => window);
}

/** The norms of a layer, in the order of the network. */
export function layerNorms(layer: LayerPlan): readonly NormPlan[] {
  const { inputNorm, attention, recurrent, attentionOutputNorm, mlpNorm, mlpOutputNorm } = layer;
  const norms = [
    inputNorm,
    ...(attention === null ? [] : attentionNorms(attention)),
    ...recurrentNorms(recurrent),
    attentionOutputNorm,
    mlpNorm,
    mlpOutputNorm,
    ...besideNorms(layer),
  ];
  return norms.filter((norm) => norm !== null);
}

/** Those of latents, and of heads. */
export function attentionNorms(plan: AttentionPlan): readonly NormPlan[] {
  const { latent, qNorm, kNorm, vNorm = null } = plan;
  const norms = [latent?.q?.norm ?? null, latent?.norm ?? null, qNorm, kNorm, vNorm];
  return norms.filter((norm) => norm !== null);
}

/** Those of what a layer has beside attention and MLP, and of experts beside an MLP. */
export function besideNorms({ altUp, tokenInput, mlp }: LayerPlan): readonly NormPlan[] {
  const besides = mlp?.kind === 'moe' ? mlp.besides : undefined;
  return [
    ...(altUp === undefined ? [] : [altUp.norm, altUp.laurel.norm]),
    ...(tokenInput === undefined ? [] : [tokenInput.norm]),
    ...(besides === undefined
      ? []
      : [besides.routerNorm, besides.inputNorm, besides.outputNorm, besides.sharedNorm]),
  ];
}

/** The norms outside the layers. */
export function outerNorms({ tokenInputs, finalNorm }: TrunkPlan): readonly NormPlan[] {
  return tokenInputs === undefined ? [finalNorm] : [tokenInputs.norm, finalNorm];
}

/** Whether each layer is attention and an MLP, and nothing else: what stages can be made of (graph/layer-stages.ts). */
export function hasPlainLayers(plan: TrunkPlan): boolean {
  const isPlain = (layer: LayerPlan): boolean =>
    besideNorms(layer).length === 0 && layer.outputScale === undefined;
  return stateFacts(plan) === null && hasPlainKv(plan) && plan.layers.every(isPlain);
}

/** The norms inside a recurrent mixer. */
export function recurrentNorms(plan: RecurrentPlan | null): readonly NormPlan[] {
  switch (plan?.kind) {
    case undefined:
    case 'short_conv':
      return [];
    case 'mamba1':
      return [plan.dtNorm, plan.bNorm, plan.cNorm];
    case 'delta_net':
    case 'mamba2':
      return plan.norm === null ? [] : [plan.norm];
  }
}

/** What the checkpoint has of a norm. */
export function normTensors(norm: NormPlan | HeadNormPlan): TensorPlan[] {
  const { gain, bias } = norm;
  const ofHeads = 'headGains' in norm ? (norm.headGains ?? []) : [];
  return [gain, bias, ...ofHeads].filter((tensor) => tensor !== null);
}
