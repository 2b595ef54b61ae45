import type { AttentionPlan } from '../../plan/attention.js';
import type { MlpPlan } from '../../plan/mlp.js';
import type { LayerPlan } from '../../plan/network.js';
import type { RecurrentPlan } from '../../plan/recurrent.js';
import type { NormPlan } from '../../plan/tensors.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

export interface LayerTraits {
  /** Default: none, and there is {@link recurrent}. */
  readonly attention?: Part<AttentionPlan> | null;
  /** Default: none. */
  readonly recurrent?: Part<RecurrentPlan> | null;
  /** Null = none. */
  readonly mlp: Part<MlpPlan> | null;
  /** Multiplies what each half adds to the stream. */
  readonly residualScale?: number;
  /** What the layer has beside both; default: nothing. */
  readonly more?: Pick<LayerPlan, 'altUp' | 'tokenInput' | 'outputScale'>;
}

/** What a checkpoint calls the norms before attention and MLP. */
const BEFORE = { attention: 'input_layernorm', mlp: 'post_attention_layernorm' };

/** Norm, attention, add; norm, MLP, add. */
export function preNorm(
  place: LayerPlace,
  style: NormStyle,
  { modules = BEFORE, ...traits }: LayerTraits & { readonly modules?: typeof BEFORE },
): Part<LayerPlan> {
  return layer(place, {
    ...traits,
    inputNorm: layerNormOf(place, style, 'input_norm', modules.attention),
    mlpNorm: layerNormOf(place, style, 'post_norm', modules.mlp),
  });
}

/** Names of four norms. */
export interface SandwichModules {
  readonly input: string;
  readonly attentionOutput: string;
  readonly mlp: string;
  readonly mlpOutput: string;
}

/** What each half adds is normed as well. */
export function sandwich(
  place: LayerPlace,
  style: NormStyle,
  { modules, ...traits }: LayerTraits & { readonly modules: SandwichModules },
): Part<LayerPlan> {
  return layer(place, {
    ...traits,
    inputNorm: layerNormOf(place, style, 'input_norm', modules.input),
    attentionOutputNorm: layerNormOf(
      place,
      style,
      'attention_output_norm',
      modules.attentionOutput,
    ),
    mlpNorm: layerNormOf(place, style, 'post_norm', modules.mlp),
    mlpOutputNorm: layerNormOf(place, style, 'mlp_output_norm', modules.mlpOutput),
  });
}

/** Attention, norm, add; MLP, norm, add: the halves read the stream itself. */
export function postNorm(
  place: LayerPlace,
  style: NormStyle,
  { modules, ...traits }: LayerTraits & { readonly modules: typeof BEFORE },
): Part<LayerPlan> {
  return layer(place, {
    ...traits,
    attentionOutputNorm: layerNormOf(place, style, 'attention_output_norm', modules.attention),
    mlpOutputNorm: layerNormOf(place, style, 'mlp_output_norm', modules.mlp),
  });
}

/** Both halves read the stream as it came in: through the same norm, or each through its own where `modules.mlp` is one. */
export function parallel(
  place: LayerPlace,
  style: NormStyle,
  {
    modules,
    ...traits
  }: LayerTraits & {
    readonly modules: { readonly attention: string; readonly mlp: string | null };
  },
): Part<LayerPlan> {
  return layer(place, {
    ...traits,
    isParallel: true,
    inputNorm: layerNormOf(place, style, 'input_norm', modules.attention),
    mlpNorm: modules.mlp === null ? null : layerNormOf(place, style, 'post_norm', modules.mlp),
  });
}

/** Norm, a mixer or an MLP, add. */
export function alone(
  place: LayerPlace,
  style: NormStyle,
  { module, mlp = null, ...mixer }: Partial<LayerTraits> & { readonly module: string },
): Part<LayerPlan> {
  const own = layerNormOf(place, style, 'norm', module);
  return layer(place, { ...mixer, mlp, ...(mlp === null ? { inputNorm: own } : { mlpNorm: own }) });
}

export function layer(
  { index }: LayerPlace,
  {
    attention = null,
    recurrent = null,
    mlp,
    more: beside,
    ...more
  }: LayerTraits & Partial<Omit<LayerPlan, 'attention' | 'recurrent' | 'mlp'>>,
): Part<LayerPlan> {
  const plan: LayerPlan = {
    index,
    inputNorm: null,
    attention: attention && attention.plan,
    recurrent: recurrent && recurrent.plan,
    attentionOutputNorm: null,
    isParallel: false,
    mlpNorm: null,
    mlp: mlp && mlp.plan,
    mlpOutputNorm: null,
    residualScale: 1,
    ...more,
    ...beside,
  };
  return {
    plan,
    views: [...(attention?.views ?? []), ...(recurrent?.views ?? []), ...(mlp?.views ?? [])],
  };
}

function layerNormOf(
  { names, config }: LayerPlace,
  style: NormStyle,
  name: string,
  module: string,
): NormPlan {
  return norm(names, style, { name, module, width: config.hiddenSize });
}
