import { GRAPH_INPUTS, GRAPH_OUTPUTS, TOP_ROWS } from './contract.js';
import type { ModelPlan } from '../plan.js';
import type { GraphContext } from './context.js';
import type { Value } from './graph.js';
import { packedLinear } from './linear.js';
import { rmsNorm } from './norm.js';

/** From the rows that were asked for, `[R, hidden]` before the final norm, to the graph's outputs. */
export function head(context: GraphContext, rows: Value, plan: ModelPlan): void {
  const { graph, config } = context;
  const normed = rmsNorm(context, rows, plan.finalNorm);
  const capped = softcap(context, packedLinear(context, normed, plan.head));
  const logits = graph.rename(capped, GRAPH_OUTPUTS.logits);
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

/** `cap * tanh(x / cap)`, or `x` where the model caps nothing. */
function softcap({ graph, config }: GraphContext, x: Value): Value {
  if (config.logitSoftcap === null) return x;
  const cap = graph.f32(Float32Array.of(config.logitSoftcap), []);
  return graph.node('Mul', [graph.node('Tanh', [graph.node('Div', [x, cap])]), cap]);
}
