import { activate } from '../graph/activation.js';
import type { WeightContext } from '../graph/context.js';
import type { Value } from '../graph/graph.js';
import { packedLinear } from '../graph/linear.js';
import type { GatedRewardStage } from './pooled-plan.js';

/** `[B, 2 * hidden]` → `[B, 1]`. */
export function gatedReward(context: WeightContext, x: Value, stage: GatedRewardStage): Value {
  const { graph, store } = context;
  const width = stage.rewards.in;
  const halves = [graph.name(), graph.name()] as const;
  const attributes = { axis: { int: -1 } };
  graph.node('Split', [x, graph.ints(width, width)], { attributes, outputs: halves });
  const [last, turn] = halves;
  const transform = graph.externalFloat(store.tensor(stage.transform.name));
  // Multiplied as linears are: the other product has a kernel of its own for a single row.
  const turned = graph.node('Transpose', [transform], { attributes: { perm: { ints: [1, 0] } } });
  const rewards = graph.node('FusedMatMul', [packedLinear(context, last, stage.rewards), turned], {
    attributes: { transB: { int: 1 } },
  });
  const gate = stage.gate.reduce(
    (value, linear, at) =>
      packedLinear(context, at === 0 ? value : activate(graph, value, 'relu'), linear),
    turn,
  );
  const cooled = graph.node('Div', [gate, graph.f32(Float32Array.of(stage.temperature), [])]);
  const scale = graph.externalFloat(store.tensor(stage.scale.name));
  const weights = graph.node('Mul', [graph.node('Softmax', [cooled], { attributes }), scale]);
  // Of each text by itself: a sum over the rows of all of them has other last bits for one row.
  const row = graph.node('Unsqueeze', [weights, graph.ints(1)]);
  const column = graph.node('Unsqueeze', [rewards, graph.ints(2)]);
  return graph.node('Squeeze', [graph.node('MatMul', [row, column]), graph.ints(2)]);
}
