import type { ModelConfig } from '../families/model-config.js';
import type { ModelTarget } from '../target.js';
import type { AttentionPlan } from '../plan/attention.js';
import type { WeightStore } from '../weights/weight-store.js';
import type { Graph, Value } from './graph.js';
import type { HeadLayout } from './head-layout.js';
import type { KvGrid } from './int8-kv/kv-grid.js';
import type { LoraRows } from './lora-rows.js';
import type { PlacedRows } from './placed-rows.js';
import type { RunRows } from './run-rows.js';

/** What a linear needs to emit its nodes. */
export interface WeightContext {
  readonly graph: Graph;
  readonly store: WeightStore;
  readonly target: ModelTarget;
  /** Adapters of the rows that it multiplies; absent = the graph has no place for any. */
  readonly lora?: LoraRows;
}

/** A layer that has attention. */
export interface AttentionLayer {
  readonly index: number;
  readonly attention: AttentionPlan;
}

/**
 * Attention of one layer: of `[q, k, v]`, `[B, S, heads * cacheHeadDim]` each, or of all three packed in the first with
 * the others '', `[B, S, numHeads * cacheHeadDim]`.
 */
export type Attend = (layer: AttentionLayer, queryKeyValue: readonly Value[]) => Value;

/** What every part of a causal network needs to emit its nodes. */
export interface GraphContext extends WeightContext {
  readonly config: ModelConfig;
  readonly attend: Attend;
  /** Whether {@link attend} scales the scores; default: q or the rotary tables have the scale in them. */
  readonly scalesScores?: boolean;
  /** Default: heads as GroupQueryAttention takes them. */
  readonly layout?: HeadLayout;
  /** Absent = linears multiply the rows of the run. */
  readonly rows?: RunRows;
  /** `[B, S] i64`: the row of the plan's `positions` for each row of the run; absent = the model has none. */
  readonly positions?: Value;
  /** Absent = no layer needs them. */
  readonly placed?: PlacedRows;
  /** Of each layer, where K and V are integers; null = they are what the linears gave. */
  readonly kvGrids?: readonly KvGrid[] | null;
}

/** The {@link GraphContext.placed} of a network that needs them. */
export function placedOf({ placed }: Pick<GraphContext, 'placed'>): PlacedRows {
  if (placed === undefined) throw new Error('this is a bug: no positions of the rows are known');
  return placed;
}
