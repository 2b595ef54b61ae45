import type { HeadSizes } from '../plan/attention.js';
import type { RopeConfig } from './rope-config.js';

/** The sizes of a decoder, and how far it reaches: checked, with the defaults of Hugging Face filled in. */
export interface ModelConfig extends HeadSizes {
  readonly architecture: string;
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Width of the dense MLP. */
  readonly intermediateSize: number;
  readonly numLayers: number;
  /** Positions the checkpoint was made for, rope scaling included. */
  readonly derivedContextLength: number;
  /** What reaches them; layers may have rotations of their own. */
  readonly rope: RopeConfig;
}
