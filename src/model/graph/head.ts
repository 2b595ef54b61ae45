import { GRAPH_INPUTS, GRAPH_OUTPUTS, TOP_ROWS } from './contract.js';
import type { ModelPlan } from '../plan/network.js';
import type { LinearPlan } from '../plan/tensors.js';
import type { GraphContext } from './context.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { packedLinear } from './linear.js';
import { logitLora } from './lora-rows.js';
import { norm } from './norm.js';

/** From the rows that were asked for, `[R, hidden]` before the final norm, to the graph's outputs. */
export function head(context: GraphContext, rows: Value, plan: ModelPlan): void {
  const { graph, config } = context;
  const normed = graph.rename(norm(context, rows, plan.finalNorm), GRAPH_OUTPUTS.hiddenStates);
  const logits = graph.rename(headLogits(context, normed, plan), GRAPH_OUTPUTS.logits);
  const divisor = graph.node('Reshape', [GRAPH_INPUTS.temperature, graph.ints(-1, 1)]);
  const scaled = graph.node('Div', [logits, divisor]);
  graph.node('LogSoftmax', [scaled], {
    attributes: { axis: { int: -1 } },
    outputs: [GRAPH_OUTPUTS.logprobs],
  });
  const topRows = Math.min(TOP_ROWS, config.vocabSize);
  graph.node('TopK', [GRAPH_OUTPUTS.logprobs, graph.ints(topRows)], {
    outputs: [GRAPH_OUTPUTS.topValues, GRAPH_OUTPUTS.topIds],
  });
}

/** `[L, V]`: raw logits of the first L of `normed [R, hidden]`. */
export function headLogits(context: GraphContext, normed: Value, plan: ModelPlan): Value {
  const { graph } = context;
  const logits = headProduct(context, headRows(graph, normed), plan.head);
  return softcap(graph, times(graph, logits, plan.logitScale), plan.logitSoftcap);
}

/** `[L, V]`. Rows that adapters change have an axis more, as everywhere. */
function headProduct(context: GraphContext, rows: Value, plan: LinearPlan): Value {
  const { graph, lora } = context;
  if (lora?.sites.has(plan.name) !== true) return packedLinear(context, rows, plan);
  const own = { ...context, lora: logitLora(graph, lora) };
  const logits = packedLinear(own, graph.node('Unsqueeze', [rows, graph.ints(0)]), plan);
  return graph.node('Squeeze', [logits, graph.ints(0)]);
}

/** The first L of the rows: the others are wanted for their hidden states alone, and the head costs most. */
function headRows(graph: Graph, normed: Value): Value {
  const numRows = graph.node('Shape', [GRAPH_INPUTS.temperature]);
  return graph.node('Slice', [normed, graph.ints(0), numRows, graph.ints(0)]);
}

/** `cap * tanh(x / cap)`, or `x` where the model caps nothing. */
function softcap(graph: Graph, x: Value, largest: number | null): Value {
  if (largest === null) return x;
  const cap = graph.float(Float32Array.of(largest), []);
  return graph.node('Mul', [graph.node('Tanh', [graph.node('Div', [x, cap])]), cap]);
}
