import type { AttentionPlan, HeadNormPlan } from '../../plan.js';
import type { ModelConfig } from '../model-config.js';
import type { RotaryPlan } from '../rope-config.js';
import { norm, type NormStyle } from './norm.js';
import type { LayerPlace } from './place.js';

/** What a checkpoint calls the parts of attention. */
export interface AttentionModules {
  /** What stands before the others. */
  readonly at: string;
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly o: string;
  readonly qNorm: string;
  readonly kNorm: string;
}

const MODULES: AttentionModules = {
  at: 'self_attn',
  q: 'q_proj',
  k: 'k_proj',
  v: 'v_proj',
  o: 'o_proj',
  qNorm: 'q_norm',
  kNorm: 'k_norm',
};

export interface AttentionTraits {
  readonly qkvBias?: boolean;
  readonly outputBias?: boolean;
  /** Of q and k before they are rotated; default: none. */
  readonly headNorm?: (NormStyle & { readonly over: HeadNormPlan['over'] }) | null;
  /** Default: all dimensions of a head, in halves, by the model's own settings. */
  readonly rotary?: RotaryPlan | null;
  /** Default: `1 / sqrt(headDim)`. */
  readonly scale?: number;
  readonly softcap?: number | null;
  readonly window?: number | null;
  readonly modules?: Partial<AttentionModules>;
}

/** Heads of q that share heads of k and v. */
export function attention(place: LayerPlace, traits: AttentionTraits = {}): AttentionPlan {
  const { config } = place;
  const { hiddenSize, numHeads, numKvHeads, headDim } = config;
  const modules = { ...MODULES, ...traits.modules };
  const names = place.names.within(modules.at);
  return {
    qkv: names.linear('qkv', {
      in: hiddenSize,
      parts: [
        [modules.q, numHeads * headDim],
        [modules.k, numKvHeads * headDim],
        [modules.v, numKvHeads * headDim],
      ],
      bias: traits.qkvBias ?? false,
    }),
    ...headNorms(place, traits, modules),
    o: names.linear('o', {
      in: numHeads * headDim,
      parts: [[modules.o, hiddenSize]],
      bias: traits.outputBias ?? false,
    }),
    rotary: traits.rotary === undefined ? wholeRotary(config) : traits.rotary,
    scale: traits.scale ?? 1 / Math.sqrt(headDim),
    softcap: traits.softcap ?? null,
    window: traits.window ?? null,
  };
}

/** All dimensions of a head are rotated, each with the one half a head away. */
export function wholeRotary({ rope, headDim }: ModelConfig): RotaryPlan {
  return { rope, dims: headDim, interleaved: false };
}

function headNorms(
  { names, config }: LayerPlace,
  { headNorm = null }: AttentionTraits,
  { at, qNorm, kNorm }: AttentionModules,
): Pick<AttentionPlan, 'qNorm' | 'kNorm'> {
  if (headNorm === null) return { qNorm: null, kNorm: null };
  const { over } = headNorm;
  const plan = (name: string, module: string, numHeads: number): HeadNormPlan => {
    const width = config.headDim * (over === 'head' ? 1 : numHeads);
    return { ...norm(names.within(at), headNorm, { name, module, width }), over };
  };
  return {
    qNorm: plan('q_norm', qNorm, config.numHeads),
    kNorm: plan('k_norm', kNorm, config.numKvHeads),
  };
}
