import type { Activation } from '../activation.js';
import type { DecoderModel } from '../families/family.js';
import type { LinearPlan, TensorPlan } from '../plan.js';

/**
 * A model that answers with one vector per text: a trunk that makes hidden states, a choice of rows, and
 * what is done with the pooled row. Pooling itself is data of each run (graph/contract.ts).
 */
export interface PooledPlan {
  readonly trunk: EncoderTrunk | DecoderTrunk;
  /** After pooling, in order. */
  readonly stages: readonly PoolStage[];
}

export interface EncoderTrunk {
  readonly kind: 'encoder';
  readonly config: EncoderConfig;
  readonly plan: EncoderPlan;
}

/** A causal model up to its final norm; `plan.head` is not read. */
export interface DecoderTrunk extends DecoderModel {
  readonly kind: 'decoder';
}

export type PoolStage =
  | { readonly kind: 'linear'; readonly linear: LinearPlan }
  | { readonly kind: 'activation'; readonly activation: Activation }
  /** `x` where it is positive, else `slope * x`; `slope` is `[1]`. */
  | { readonly kind: 'prelu'; readonly slope: TensorPlan }
  /** `(x - mean) / sqrt(variance + 1e-5) * gain + bias`, PyTorch's LayerNorm with its default epsilon. */
  | { readonly kind: 'layer_norm'; readonly norm: LayerNormPlan }
  /** Divides by the L2 norm. */
  | { readonly kind: 'normalize' };

/** What a family made of an encoder's config.json. */
export interface EncoderConfig {
  readonly architecture: string;
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly layerNormEps: number;
  /** Null changes nothing. */
  readonly activation: Activation | null;
  /** Rows of the table of positions. */
  readonly numPositions: number;
  /**
   * RoBERTa: tokens other than this one are numbered from `paddingId + 1` on, this one stays at its own
   * number. Null: positions count from 0.
   */
  readonly paddingId: number | null;
  readonly numTokenTypes: number;
  /** Most tokens of a text. */
  readonly derivedContextLength: number;
}

/** Post-norm encoder: each half is added to its input, then normed (arXiv 1810.04805). */
export interface EncoderPlan {
  readonly words: TensorPlan;
  readonly positions: TensorPlan;
  readonly tokenTypes: TensorPlan;
  readonly norm: LayerNormPlan;
  readonly layers: readonly EncoderLayerPlan[];
}

export interface EncoderLayerPlan {
  readonly qkv: LinearPlan;
  readonly o: LinearPlan;
  readonly attentionNorm: LayerNormPlan;
  readonly up: LinearPlan;
  readonly down: LinearPlan;
  readonly outputNorm: LayerNormPlan;
}

export interface LayerNormPlan {
  readonly gain: TensorPlan;
  readonly bias: TensorPlan;
}

/** The norms and tables of an encoder's plan and of what follows pooling; a decoder's are its own plan's. */
export function pooledTensors({ trunk, stages }: PooledPlan): TensorPlan[] {
  const ends = stages.flatMap(stageTensors);
  if (trunk.kind === 'decoder') return ends;
  const { words, positions, tokenTypes, norm, layers } = trunk.plan;
  const norms = [norm, ...layers.flatMap((layer) => [layer.attentionNorm, layer.outputNorm])];
  const gains = norms.flatMap(({ gain, bias }) => [gain, bias]);
  return [words, positions, tokenTypes, ...gains, ...ends];
}

function stageTensors(stage: PoolStage): TensorPlan[] {
  if (stage.kind === 'prelu') return [stage.slope];
  return stage.kind === 'layer_norm' ? [stage.norm.gain, stage.norm.bias] : [];
}

/** The linears of an encoder's plan and of what follows pooling, in the order of the network. */
export function pooledLinears({ trunk, stages }: PooledPlan): LinearPlan[] {
  const ends = stages.flatMap((stage) => (stage.kind === 'linear' ? [stage.linear] : []));
  if (trunk.kind === 'decoder') return ends;
  return [...trunk.plan.layers.flatMap(({ qkv, o, up, down }) => [qkv, o, up, down]), ...ends];
}
