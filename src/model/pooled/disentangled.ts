import type { ModelConfig } from '../families/model-config.js';
import type { AttentionLayer, WeightContext } from '../graph/context.js';
import { times } from '../graph/factors.js';
import type { Graph, Value } from '../graph/graph.js';
import { linearParts, packedLinear } from '../graph/linear.js';
import { norm } from '../graph/norm.js';
import type { DisentangledPlan } from './pooled-plan.js';

export interface DisentangledOptions {
  /** `[S, S] i64`: key minus query. */
  readonly distances: Value;
  readonly numPositions: number;
}

/** The bias of a layer's scores, `[B, numHeads, S, S]`. */
export type LayerBias = (layer: AttentionLayer, query: Value, key: Value) => Value;

/**
 * How a query is to the embedding of a key's distance, and a key to that of the query's (arXiv 2006.03654). What the
 * linears make of the embeddings is constant: it is folded when the session is created.
 */
export function disentangledBias(
  context: WeightContext,
  config: ModelConfig,
  plan: DisentangledPlan,
  { distances, numPositions }: DisentangledOptions,
): LayerBias {
  const { graph, store } = context;
  const { numHeads } = config;
  const stored = graph.externalFloat(store.tensor(plan.table.name));
  const table = plan.norm === null ? stored : norm(context, stored, plan.norm);
  const most = numPositions - 1;
  // By what is stored: the distance of a query from a key.
  const rows = Array.from({ length: 2 * most + 1 }, (_, at) => plan.rowOf(most - at));
  const places = graph.node('Add', [distances, graph.int(most)]);
  const ofQuery = graph.node('Gather', [graph.ints(...rows), places]);
  const ofKey = graph.node('Transpose', [ofQuery], { attributes: { perm: { ints: [1, 0] } } });
  return (layer, query, key) => {
    const { keys, queries } = positionHeads(context, table, { plan, layer });
    const biases = [
      keys && gathered(graph, [heads(graph, query, numHeads), keys], { rows: ofQuery, config }),
      queries &&
        turned(
          graph,
          gathered(graph, [heads(graph, key, numHeads), queries], { rows: ofKey, config }),
        ),
    ].filter((bias) => bias !== null);
    return biases.reduce((sum, bias) => graph.node('Add', [sum, bias]));
  };
}

/** `[rows, numHeads * headDim]`: what is a key of each distance, and what is a query, with the scale of scores in them. */
function positionHeads(
  context: WeightContext,
  table: Value,
  { plan, layer }: { readonly plan: DisentangledPlan; readonly layer: AttentionLayer },
) {
  const { keys, queries } = plan.linears(layer.index);
  const { qkv, scale } = layer.attention;
  const isShared = keys === 'shared' || queries === 'shared';
  const one = context.graph.node('Unsqueeze', [table, context.graph.ints(0)]);
  const own = isShared ? linearParts(context, one, qkv) : [];
  const made = (linear: typeof keys, part: number): Value | null => {
    if (linear === null) return null;
    const value = linear === 'shared' ? (own[part] ?? '') : packedLinear(context, table, linear);
    return times(context.graph, value, scale);
  };
  return { keys: made(keys, 1), queries: made(queries, 0) };
}

/** `[.., numHeads * headDim]` of B sequences → `[B, numHeads, S, headDim]`. */
function heads(graph: Graph, x: Value, numHeads: number): Value {
  const split = graph.node('Reshape', [x, graph.ints(0, 0, numHeads, -1)]);
  return graph.node('Transpose', [split], { attributes: { perm: { ints: [0, 2, 1, 3] } } });
}

interface GatherOptions {
  /** `[S, S] i64`: which row of the table each place of the scores takes. */
  readonly rows: Value;
  readonly config: ModelConfig;
}

/** Products with all rows of the table, of which each place takes its own: `[B, numHeads, S, S]`. */
function gathered(
  graph: Graph,
  [x, table]: readonly [Value, Value],
  { rows, config }: GatherOptions,
): Value {
  const { numHeads, headDim } = config;
  const split = graph.node('Reshape', [table, graph.ints(1, -1, numHeads, headDim)]);
  const columns = graph.node('Transpose', [split], {
    attributes: { perm: { ints: [0, 2, 3, 1] } },
  });
  const products = graph.node('MatMul', [x, columns]);
  const leading = graph.node('Shape', [x], { attributes: { end: { int: 2 } } });
  const shape = graph.node('Concat', [leading, graph.node('Shape', [rows])], {
    attributes: { axis: { int: 0 } },
  });
  const wide = graph.node('Expand', [rows, shape]);
  return graph.node('GatherElements', [products, wide], { attributes: { axis: { int: -1 } } });
}

function turned(graph: Graph, scores: Value): Value {
  return graph.node('Transpose', [scores], { attributes: { perm: { ints: [0, 1, 3, 2] } } });
}
