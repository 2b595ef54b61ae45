import { GRAPH_INPUTS } from '../contract.js';
import type { AttentionPlan } from '../../plan/attention.js';
import type { Value } from '../graph.js';
import { attentionAttributes } from '../group-query.js';
import { rotaryAttributes, type RotaryTables } from '../rotary-tables.js';
import type { Int8Run } from './int8-run.js';

/** Rows of a layer that attention is to compute. */
export interface LayerRows {
  readonly plan: AttentionPlan;
  /** `[B, S, numColumns * headDim] f32`: q, k and v side by side, not rotated. */
  readonly packed: Value;
  /** K and V of the window. */
  readonly pasts: readonly Value[];
  /** `[numHeads] f32`: any keep the attention op to products of matrices, whose bits do not depend on how a run is cut. */
  readonly sinks: Value;
}

/**
 * A row of each sequence, or some of a single one: the op rotates and rounds them, and puts them into the cache. No new
 * rows come out.
 */
export function decodeRows(run: Int8Run, layer: LayerRows): Value[] {
  const { graph, config, headDim } = run;
  const { packed, pasts } = layer;
  const { seqlensK, totalLength } = GRAPH_INPUTS;
  const lengths = [seqlensK, totalLength];
  const tables = run.tablesOf(layer.plan);
  const outputs = attendInIntegers(run, layer, { packed, pasts, lengths, tables });
  const none = graph.empty('i8', [2 * config.numKvHeads, 0, headDim]);
  return [...outputs, graph.node('Identity', [none])];
}

interface RowsInIntegers extends Pick<LayerRows, 'packed' | 'pasts'> {
  /** `seqlens_k` and `total_sequence_length` of the op. */
  readonly lengths: readonly Value[];
  /** Null = the rows need no rotation. */
  readonly tables: RotaryTables | null;
}

/** What attention gives, and K and V behind it. The bits of a row do not depend on those beside or behind it. */
export function attendInIntegers(
  { graph, config }: Int8Run,
  { plan, sinks }: Pick<LayerRows, 'plan' | 'sinks'>,
  { packed, pasts, lengths, tables }: RowsInIntegers,
): readonly Value[] {
  const outputs = [graph.name(), graph.name(), graph.name()];
  const rotary = [tables?.cos ?? '', tables?.sin ?? ''];
  const unit = graph.f32(Float32Array.of(1), [1]);
  graph.node(
    'GroupQueryAttention',
    [packed, '', '', ...pasts, ...lengths, ...rotary, '', '', sinks, unit, unit],
    {
      attributes: {
        ...attentionAttributes(config, plan),
        ...(tables === null ? {} : rotaryAttributes(plan)),
        k_quant_type: { string: 'PER_TENSOR' },
        v_quant_type: { string: 'PER_TENSOR' },
        kv_cache_bit_width: { int: 8 },
      },
      outputs,
    },
  );
  return outputs;
}
