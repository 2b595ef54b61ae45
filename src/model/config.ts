import type { MoeSpec } from '../core/model-spec.js';
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
  readonly tieWordEmbeddings: boolean;
  /** Positions the checkpoint was made for, rope scaling included. */
  readonly derivedContextLength: number;
  readonly rope: RopeConfig;
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** RMSNorm on each head of q and k before the rotary embedding. */
  readonly qkNorm: boolean;
  /** One per layer: attention sees this many positions, the token's own included; null = all. */
  readonly layerWindows: readonly (number | null)[];
  readonly moe: MoeConfig | null;
}

export interface MoeConfig extends MoeSpec {
  readonly expertSize: number;
  /** Width of the expert that every token takes; null = none. */
  readonly sharedExpertSize: number | null;
  /** Divide the chosen experts' probabilities by their sum. */
  readonly normTopkProb: boolean;
}
