import type { ModelConfig } from '../config.js';
import type { WeightStore } from '../weights.js';
import type { Graph, Value } from './graph.js';

/** What every part of the network needs to emit its nodes. */
export interface GraphContext {
  readonly graph: Graph;
  readonly config: ModelConfig;
  readonly store: WeightStore;
  /** `[positions, cacheHeadDim / 2] f32` each; no later position can be run. */
  readonly rotary: { readonly cos: Value; readonly sin: Value };
}
