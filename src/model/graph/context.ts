import type { ModelConfig } from '../families/model-config.js';
import type { WeightStore } from '../weights/weight-store.js';
import type { AttentionRows } from './attention-rows.js';
import type { Graph, Value } from './graph.js';

/** What a linear needs to emit its nodes. */
export interface WeightContext {
  readonly graph: Graph;
  readonly store: WeightStore;
}

/** What every part of a causal network needs to emit its nodes. */
export interface GraphContext extends WeightContext {
  readonly config: ModelConfig;
  /** False: K and V of a run are forgotten after it (graph/contract.ts, `EMBED_INPUTS`). */
  readonly hasCache: boolean;
  readonly rows: AttentionRows;
  /** Whether the run decodes, `[1] bool`; null where attention needs not know (graph/group-query.ts). */
  readonly isDecode: Value | null;
  /** `[positions, cacheHeadDim / 2] f32` each, the scale of attention in them; no later position can be run. */
  readonly rotary: { readonly cos: Value; readonly sin: Value };
}
