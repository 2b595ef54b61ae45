import type { AttentionPlan, LatentPlan } from '../plan/attention.js';
import { valuesOfLatents } from './absorbed-heads.js';
import type { GraphContext } from './context.js';
import type { Graph, Value } from './graph.js';
import { linearParts, packedLinear } from './linear.js';
import { norm } from './norm.js';

/**
 * q, k and v of the three parts that latent attention reads the stream by, `[B, S, heads * headDim]` each:
 *
 * ```
 * q, or its latent ──norm──up──> q [heads, 2, (turning + still) / 2]
 * latent of k and v ──norm──up──> k [heads, 2, still / 2] behind the turning [2, turning / 2] of all heads, v [heads, value]
 * ```
 */
export function latentHeads(
  context: GraphContext,
  [query = '', latent = '', turning = '']: readonly Value[],
  plan: LatentPlan,
): readonly [Value, Value, Value] {
  const { graph, config } = context;
  const { q } = plan;
  const heads = config.numHeads;
  const keyDim = plan.turning + plan.still;
  const queries = q === null ? query : packedLinear(context, norm(context, query, q.norm), q.up);
  const [still = '', values = ''] = linearParts(context, norm(context, latent, plan.norm), plan.up);
  const ofHeads = graph.node('Reshape', [still, graph.ints(0, 0, heads, 2, plan.still / 2)]);
  const shared = graph.node('Reshape', [turning, graph.ints(0, 0, 1, 2, plan.turning / 2)]);
  const copies = graph.node('Tile', [shared, graph.ints(1, 1, heads, 1, 1)]);
  const joined = graph.node('Concat', [copies, ofHeads], { attributes: { axis: { int: -1 } } });
  const keys = graph.node('Reshape', [joined, graph.ints(0, 0, heads * keyDim)]);
  const widened = (x: Value, parts: number, width: number): Value =>
    widen(graph, x, { parts, from: width / (parts / heads), to: config.headDim / (parts / heads) });
  return [
    widened(queries, 2 * heads, keyDim),
    widened(keys, 2 * heads, keyDim),
    widened(values, heads, plan.value),
  ];
}

/** Each of the `parts` of the last axis filled up with zeros. */
function widen(
  graph: Graph,
  x: Value,
  { parts, from, to }: { readonly parts: number; readonly from: number; readonly to: number },
): Value {
  if (from === to) return x;
  const split = graph.node('Reshape', [x, graph.ints(0, 0, parts, from)]);
  const padded = graph.node('Pad', [split, graph.ints(0, 0, 0, 0, 0, 0, 0, to - from)]);
  return graph.node('Reshape', [padded, graph.ints(0, 0, parts * to)]);
}

/** What attention gives, `[B, S, heads * headDim]`, as heads of v: without the zeros behind them, or made of latents. */
export function ofValueWidth(
  context: GraphContext,
  attended: Value,
  { latent }: AttentionPlan,
): Value {
  const { graph, config } = context;
  if (latent === null) return attended;
  if (latent.absorbed !== null) return valuesOfLatents(context, attended, latent, latent.absorbed);
  if (latent.value === config.headDim) return attended;
  const { numHeads, headDim } = config;
  const heads = graph.node('Reshape', [attended, graph.ints(0, 0, numHeads, headDim)]);
  const ends = graph.ints(latent.value);
  const cut = graph.node('Slice', [heads, graph.ints(0), ends, graph.ints(3)]);
  return graph.node('Reshape', [cut, graph.ints(0, 0, numHeads * latent.value)]);
}
