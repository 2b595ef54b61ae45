import type { AttentionPlan, LayerPlan, MlpPlan, NormPlan } from '../../plan.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

export interface LayerTraits {
  readonly attention: Part<AttentionPlan>;
  readonly mlp: Part<MlpPlan>;
  /** Multiplies what each half adds to the stream. */
  readonly residualScale?: number;
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

export function layer(
  { index }: LayerPlace,
  { attention, mlp, ...more }: LayerTraits & Partial<Omit<LayerPlan, 'attention' | 'mlp'>>,
): Part<LayerPlan> {
  const plan: LayerPlan = {
    index,
    inputNorm: null,
    attention: attention.plan,
    attentionOutputNorm: null,
    isParallel: false,
    mlpNorm: null,
    mlp: mlp.plan,
    mlpOutputNorm: null,
    residualScale: 1,
    ...more,
  };
  return { plan, views: [...attention.views, ...mlp.views] };
}

function layerNormOf(
  { names, config }: LayerPlace,
  style: NormStyle,
  name: string,
  module: string,
): NormPlan {
  return norm(names, style, { name, module, width: config.hiddenSize });
}
