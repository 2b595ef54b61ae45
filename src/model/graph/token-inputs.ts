import type { TokenInputPlan, TokenInputsPlan } from '../plan/streams.js';
import { activate } from './activation.js';
import type { WeightContext } from './context.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { packedLinear } from './linear.js';
import { norm } from './norm.js';
import type { RunRows } from './run-rows.js';
import { tableRows } from './table-rows.js';

/** Of each layer `[B, S, width]`, made of the tokens and of what enters the network, `entered [B, S, hidden]`. */
export function tokenInputs(
  context: WeightContext,
  entered: Value,
  plan: TokenInputsPlan,
  { ids }: Pick<RunRows, 'ids'>,
): readonly Value[] {
  const { graph } = context;
  const { width, embedding, norm: normPlan } = plan;
  const [numIds = 0, columns = 0] = embedding.shape;
  const rows = tableRows(context, embedding, knownIds(graph, ids, numIds));
  const own = times(graph, rows, plan.embeddingScale);
  const projected = packedLinear(context, entered, plan.projection);
  const parts = graph.node('Reshape', [
    times(graph, projected, plan.projectionScale),
    graph.ints(0, 0, -1, width),
  ]);
  const normed = graph.node('Reshape', [norm(context, parts, normPlan), graph.ints(0, 0, -1)]);
  const both = times(graph, graph.node('Add', [normed, own]), Math.SQRT1_2);
  const outputs = Array.from({ length: columns / width }, () => graph.name());
  graph.node('Split', [both], {
    attributes: { axis: { int: -1 }, num_outputs: { int: outputs.length } },
    outputs,
  });
  return outputs;
}

/** `ids` with 0 in the place of those that are not below `count`. */
function knownIds(graph: Graph, ids: Value, count: number): Value {
  const isKnown = graph.node('Less', [ids, graph.int(count)]);
  return graph.node('Where', [isKnown, ids, graph.int(0)]);
}

/** What a layer adds to the stream of a token that has `own` numbers in it. */
export function tokenInput(
  context: WeightContext,
  stream: Value,
  own: Value,
  plan: TokenInputPlan,
): Value {
  const { graph } = context;
  const gate = activate(graph, packedLinear(context, stream, plan.gate), plan.activation);
  const up = packedLinear(context, graph.node('Mul', [gate, own]), plan.up);
  return norm(context, up, plan.norm);
}
