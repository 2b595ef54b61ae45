import type { MoeSpec } from '../../core/model-spec.js';
import type { RopeConfig } from './rope-config.js';

/** What a family made of config.json: checked, with the defaults of Hugging Face filled in. */
export interface ModelConfig {
  readonly architecture: string;
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Width of the dense MLP. */
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
  /** Gemma stores what a norm's gain is above 1; 0 elsewhere. */
  readonly normGainOffset: number;
  readonly tieWordEmbeddings: boolean;
  /** Multiplies the rows of the embedding table where they enter the network, not in the head. */
  readonly embeddingScale: number;
  /** Positions the checkpoint was made for, rope scaling included. */
  readonly derivedContextLength: number;
  readonly rope: RopeConfig;
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** What the gate of an MLP goes through. */
  readonly gateActivation: GateActivation;
  /** RMSNorm on each head of q and k before the rotary embedding. */
  readonly qkNorm: boolean;
  /** Multiplies the dot product of q and k. */
  readonly attentionScale: number;
  /** Scaled scores `x` of attention become `cap * tanh(x / cap)`; null = as they are. */
  readonly attentionSoftcap: number | null;
  /** Logits `x` become `cap * tanh(x / cap)`, before temperature; null = as they are. */
  readonly logitSoftcap: number | null;
  /** One per layer: attention sees this many positions, the token's own included; null = all. */
  readonly layerWindows: readonly (number | null)[];
  readonly moe: MoeConfig | null;
}

/** `gelu` is the exact one, by the error function; `gelu_tanh` its approximation by tanh; silu is `x * sigmoid(x)`. */
export type Activation =
  | 'gelu'
  | 'gelu_tanh'
  | 'gelu_10'
  | 'quick_gelu'
  | 'silu'
  | 'relu'
  | 'relu2'
  | 'relu6'
  | 'leaky_relu'
  | 'elu'
  | 'selu'
  | 'tanh'
  | 'hard_tanh'
  | 'tanh_shrink'
  | 'sigmoid'
  | 'hard_sigmoid'
  | 'hard_swish'
  | 'log_sigmoid'
  | 'mish'
  | 'softplus'
  | 'softsign'
  | 'hard_shrink'
  | 'soft_shrink'
  | 'softmax'
  | 'log_softmax'
  | 'softmin'
  | 'laplace';

/** What the gate of a gated MLP may go through. */
export type GateActivation = Extract<Activation, 'silu' | 'gelu_tanh'>;

export interface MoeConfig extends MoeSpec {
  readonly expertSize: number;
  /** Width of the expert that every token takes; null = none. */
  readonly sharedExpertSize: number | null;
  /** Divide the chosen experts' probabilities by their sum. */
  readonly normTopkProb: boolean;
}
