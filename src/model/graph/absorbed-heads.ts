import type { AbsorbedPlan, AttentionPlan, LatentPlan } from '../plan/attention.js';
import type { TensorPlan } from '../plan/tensors.js';
import { type GraphContext, placedOf } from './context.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { packedLinear } from './linear.js';
import { norm } from './norm.js';
import type { RunRows } from './run-rows.js';

/** Attention whose latent is absorbed. */
interface AbsorbingPlan extends Pick<AttentionPlan, 'rotary' | 'scale'> {
  readonly latent: LatentPlan;
  readonly absorbed: AbsorbedPlan;
}

/**
 * q, k and v of latent attention over the latents themselves (arXiv 2405.04434), of the three parts that it reads the
 * stream by. Rows are those of the run, and what turns is turned:
 *
 * ```
 * q  [heads, rank + turning]  what does not turn of q, scaled, times what makes k of the latent; behind it what turns
 * k  [rank + turning]         the norm of the latent, and what turns
 * v                           is k
 * ```
 */
export function absorbedHeads(
  context: GraphContext,
  [query = '', latent = '', turning = '']: readonly Value[],
  { latent: plan, absorbed, rotary, scale }: AbsorbingPlan,
  rows: RunRows,
): readonly [Value, Value, Value] {
  const { graph, config } = context;
  const { numHeads } = config;
  const { q } = plan;
  const queries = q === null ? query : packedLinear(context, norm(context, query, q.norm), q.up);
  const [turned, still] = halves(graph, queries, numHeads, plan);
  const placed = (x: Value, heads: number): Value => {
    const ofRun = rows.toRun(x);
    const sizes = { numHeads: heads, headDim: plan.turning };
    return rotary === null ? ofRun : placedOf(context).rotated(ofRun, rotary, sizes);
  };
  const product = { weight: absorbed.keys, factor: scale, transposed: false };
  const ofHeads = graph.ints(0, 0, numHeads, -1);
  const heads = joined(graph, [
    graph.node('Reshape', [rows.toRun(headProducts(context, still, product)), ofHeads]),
    graph.node('Reshape', [placed(times(graph, turned, scale), numHeads), ofHeads]),
  ]);
  const normed = rows.toRun(norm(context, latent, plan.norm));
  const keys = joined(graph, [normed, placed(turning, 1)]);
  const width = numHeads * config.headDim;
  return [graph.node('Reshape', [heads, graph.ints(0, 0, width)]), keys, keys];
}

/** What attention gives, `[B, S, heads * (rank + turning)]`, as heads of v, `[B, S, heads * value]`. */
export function valuesOfLatents(
  context: GraphContext,
  attended: Value,
  { turning }: LatentPlan,
  { values }: AbsorbedPlan,
): Value {
  const { graph, config } = context;
  const { numHeads, headDim } = config;
  const heads = graph.node('Reshape', [attended, graph.ints(0, 0, numHeads, headDim)]);
  const ends = graph.ints(headDim - turning);
  const latents = graph.node('Slice', [heads, graph.ints(0), ends, graph.ints(3)]);
  return headProducts(context, latents, { weight: values, factor: 1, transposed: true });
}

/** q, `[B, S, heads * (turning + still)]` in halves, as `[B, S, heads * turning]` and `[B, S, heads, still]`. */
function halves(
  graph: Graph,
  queries: Value,
  numHeads: number,
  { turning, still }: LatentPlan,
): readonly [Value, Value] {
  const split = graph.node('Reshape', [
    queries,
    graph.ints(0, 0, 2 * numHeads, (turning + still) / 2),
  ]);
  const outputs = [graph.name(), graph.name()];
  const sizes = graph.ints(turning / 2, still / 2);
  graph.node('Split', [split, sizes], { attributes: { axis: { int: -1 } }, outputs });
  const [turned = '', rest = ''] = outputs;
  return [
    graph.node('Reshape', [turned, graph.ints(0, 0, numHeads * turning)]),
    graph.node('Reshape', [rest, graph.ints(0, 0, numHeads, still)]),
  ];
}

interface HeadProduct {
  /** `[heads * n, m]`, of each head `[n, m]`. */
  readonly weight: TensorPlan;
  readonly factor: number;
  /** Sums over m; else over n. */
  readonly transposed: boolean;
}

/** `x [B, S, heads, n or m]` times a matrix of each head and the factor, `[B, S, heads * (m or n)]`. */
function headProducts(
  { graph, store, config }: GraphContext,
  x: Value,
  { weight, factor, transposed }: HeadProduct,
): Value {
  const { numHeads } = config;
  const [rows = 0, columns = 0] = weight.shape;
  const inner = rows / numHeads;
  const shape = [numHeads, inner, columns];
  const matrices = graph.externalFloat({ ...store.tensor(weight.name), shape });
  const flat = graph.node('Reshape', [x, graph.ints(-1, numHeads, transposed ? columns : inner)]);
  const swap = { attributes: { perm: { ints: [1, 0, 2] } } };
  // With a factor of 1 the runtime has a kernel of its own for a single row, with other last bits.
  const inProduct = factor === 1 ? 2 : factor;
  const product = graph.node('FusedMatMul', [graph.node('Transpose', [flat], swap), matrices], {
    attributes: { alpha: { float: inProduct }, transB: { int: transposed ? 1 : 0 } },
  });
  const scaled = times(graph, graph.node('Transpose', [product], swap), factor / inProduct);
  const leading = graph.node('Shape', [x], { attributes: { start: { int: 0 }, end: { int: 2 } } });
  const outShape = graph.node('Concat', [leading, graph.ints(-1)], {
    attributes: { axis: { int: 0 } },
  });
  return graph.node('Reshape', [scaled, outShape]);
}

function joined(graph: Graph, parts: readonly Value[]): Value {
  return graph.node('Concat', parts, { attributes: { axis: { int: -1 } } });
}
