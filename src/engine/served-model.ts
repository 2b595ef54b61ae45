import type { ModelSpec } from '../core/model-spec.js';
import type { SamplingDefaults } from '../core/sampling-params.js';
import type { ChatTemplate } from '../text/chat-template.js';
import type { ModelParsers } from '../text/model-parsers.js';
import type { Tokenizer } from '../text/tokenizer.js';
import type { ServedWeights } from './served-weights.js';

/** The loaded model as the front end knows it. */
export interface ServedModel {
  readonly spec: ModelSpec;
  /** Path and version of the weights, which an update changes. */
  readonly weights: ServedWeights;
  readonly tokenizerPath: string;
  readonly servedName: string;
  /** Shared tensors counted once. */
  readonly numParameters: number;
  /** Null with `--skip-tokenizer-init`. */
  readonly tokenizer: Tokenizer | null;
  readonly eosTokenIds: readonly number[];
  /** Null when neither the model nor `--chat-template` brings one. */
  readonly chatTemplate: ChatTemplate | null;
  /** How it writes tool calls and thoughts. */
  readonly parsers: ModelParsers;
  /** generation_config.json's, for the OpenAI routes. */
  readonly samplingDefaults: SamplingDefaults;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** Bounds that the devices settled at start; of one device, all being alike. */
export interface ServingLimits {
  readonly maxTotalTokens: number;
  readonly slotLength: number;
  readonly maxRunningRequests: number;
}
