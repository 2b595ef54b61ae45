import type { ModelPlan } from '../../plan/network.js';
import type { GraphContext } from '../context.js';
import { GRAPH_INPUTS, GRAPH_OUTPUTS, PAGED_INPUTS, TOP_ROWS } from '../contract.js';
import type { Graph, Value } from '../graph.js';
import { headLogits } from '../head.js';
import { norm } from '../norm.js';

/**
 * From the rows that were asked for, `[R, hidden]` before the final norm, to the graph's outputs. A log-softmax is
 * made of what WebGPU has: with m the largest of a row x, and its probability p, it is `x - (m - log p)`. Whole rows
 * go to the host only where `whole_rows` names them. CUDA has the log-softmax itself.
 */
export function pagedHead(context: GraphContext, rows: Value, plan: ModelPlan): void {
  const { graph, config } = context;
  const normed = norm(context, rows, plan.finalNorm);
  const logits = graph.toF32(headLogits(context, normed, plan));
  graph.node('Identity', [graph.toF32(normed)], { outputs: [GRAPH_OUTPUTS.hiddenStates] });
  const divisor = graph.node('Reshape', [GRAPH_INPUTS.temperature, graph.ints(-1, 1)]);
  const scaled = graph.node('Div', [logits, divisor]);
  const topRows = graph.ints(Math.min(TOP_ROWS, config.vocabSize));
  const whole = (x: Value): Value => graph.node('Gather', [x, PAGED_INPUTS.wholeRows]);
  graph.node('Gather', [logits, PAGED_INPUTS.wholeRows], { outputs: [GRAPH_OUTPUTS.logits] });
  if (context.target.device === 'cuda') {
    const logprobs = graph.node('LogSoftmax', [scaled], { attributes: { axis: { int: -1 } } });
    const outputs = [GRAPH_OUTPUTS.topValues, GRAPH_OUTPUTS.topIds];
    graph.node('TopK', [logprobs, topRows], { outputs });
    graph.node('Gather', [logprobs, PAGED_INPUTS.wholeRows], { outputs: [GRAPH_OUTPUTS.logprobs] });
    return;
  }
  const best = graph.node('TopK', [scaled, topRows], {
    outputs: [graph.name(), GRAPH_OUTPUTS.topIds],
  });
  const shift = logOfSum(graph, scaled, best);
  graph.node('Sub', [best, shift], { outputs: [GRAPH_OUTPUTS.topValues] });
  graph.node('Sub', [whole(scaled), whole(shift)], { outputs: [GRAPH_OUTPUTS.logprobs] });
}

/** `[L, 1]`: the logarithm of the sum of the exponentials of each row. */
function logOfSum(graph: Graph, scaled: Value, best: Value): Value {
  const probabilities = graph.node('Softmax', [scaled], { attributes: { axis: { int: -1 } } });
  const largest = graph.node('Slice', [best, graph.ints(0), graph.ints(1), graph.ints(1)]);
  // A column of TopK's ids would choose it as well, but integers of 64 bits are cut on the CPU alone.
  const probability = graph.node('ReduceMax', [probabilities, graph.ints(-1)]);
  return graph.node('Sub', [largest, graph.node('Log', [probability])]);
}
