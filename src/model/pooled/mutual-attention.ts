import type { ModelConfig } from '../families/model-config.js';
import { EMBED_INPUTS } from '../graph/contract.js';
import type { Attend, AttentionLayer, WeightContext } from '../graph/context.js';
import type { Graph, Value } from '../graph/graph.js';
import { splitParts } from '../graph/linear.js';
import type { RotaryTables } from '../graph/rotary-tables.js';
import { rotaryTables } from '../graph/rotary-tables.js';
import type { ScoresPlan } from './pooled-plan.js';
import { disentangledBias, type LayerBias } from './disentangled.js';
import { distancesIn, scoreBias } from './score-bias.js';

export interface Reach {
  /** No later position can be run. */
  readonly numPositions: number;
  /** Most tokens of a text, which is what some rotations go by. */
  readonly contextLength: number;
}

export interface MutualOptions extends Reach {
  readonly scores: ScoresPlan | null;
}

/** Attention of tokens that see each other, by MultiHeadAttention, scale included; padding behind a sequence is not seen. */
export function mutualAttention(
  context: WeightContext,
  config: ModelConfig,
  { scores, numPositions, contextLength }: MutualOptions,
): Attend {
  const { graph } = context;
  const one = graph.cast(graph.ints(1), 'i32');
  const lengths = graph.node('Add', [EMBED_INPUTS.seqlensK, one]);
  const tablesOf = rotaryTables(graph, config, { numPositions, contextLength });
  const biasOf = layerBias(context, config, { scores, numPositions, contextLength });
  return (layer, queryKeyValue) => {
    const [query = '', key = '', value = ''] = apart(graph, layer, queryKeyValue);
    const tables = tablesOf(layer.attention);
    const inputs = [
      rotated(graph, query, tables),
      widened(graph, rotated(graph, key, tables), config),
      widened(graph, value, config),
      '',
      lengths,
    ];
    const bias = biasOf(layer, query, key);
    return graph.node('MultiHeadAttention', bias === null ? inputs : [...inputs, bias], {
      attributes: { num_heads: { int: config.numHeads }, scale: { float: layer.attention.scale } },
    });
  };
}

/** Of all three packed in the first each by itself. */
function apart(
  graph: Graph,
  { attention }: AttentionLayer,
  queryKeyValue: readonly Value[],
): readonly Value[] {
  const [packed = '', key] = queryKeyValue;
  return key === '' ? splitParts(graph, packed, attention.qkv) : queryKeyValue;
}

/** What is added to the scores of a layer; null = nothing. */
function layerBias(
  context: WeightContext,
  config: ModelConfig,
  { scores, numPositions }: MutualOptions,
): (...of: Parameters<LayerBias>) => Value | null {
  if (scores?.kind === 'disentangled') {
    const distances = distancesIn(context.graph);
    return disentangledBias(context, config, scores, { distances, numPositions });
  }
  const biasOf = scoreBias(context, { scores, numPositions });
  return ({ attention }) => biasOf(attention.window);
}

function rotated(graph: Graph, x: Value, tables: RotaryTables | null): Value {
  if (tables === null) return x;
  return graph.node('RotaryEmbedding', [x, graph.ints(0), tables.cos, tables.sin]);
}

/** `[B, S, kvHeads * headDim]` → `[B, S, numHeads * headDim]`: the op has no heads that are shared. */
function widened(graph: Graph, x: Value, { numHeads, numKvHeads }: ModelConfig): Value {
  if (numHeads === numKvHeads) return x;
  const group = numHeads / numKvHeads;
  const heads = Array.from({ length: numHeads }, (_, head) => Math.floor(head / group));
  const split = graph.node('Reshape', [x, graph.ints(0, 0, numKvHeads, -1)]);
  const attributes = { axis: { int: 2 } };
  const repeated = graph.node('Gather', [split, graph.ints(...heads)], { attributes });
  return graph.node('Reshape', [repeated, graph.ints(0, 0, -1)]);
}
