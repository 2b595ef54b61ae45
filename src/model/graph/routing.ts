import type { MoePlan } from '../plan/mlp.js';
import type { Graph, Value } from './graph.js';

/** Where the row of each token and chosen expert lies when rows are sorted by expert. */
export interface ExpertOrder {
  /** `[T*K] i64`, or more: rows of the same expert lie together, experts in order, tokens in order. */
  readonly tokenOfRow: Value;
  /** `[T*K] i64`, the inverse: where slot `t * K + k` lies. */
  readonly rowOfSlot: Value;
  /** `[E] i64`: rows of each expert. */
  readonly counts: Value;
}

/** The order in which each expert's rows lie together. `experts [T, K] i64`. */
export function sortByExpert(graph: Graph, experts: Value, plan: MoePlan): ExpertOrder {
  const slots = graph.node('Reshape', [experts, graph.ints(-1)]);
  const size = graph.node('Shape', [slots]);
  const slotOfRow = argsort(graph, slots, size);
  return {
    tokenOfRow: graph.node('Div', [slotOfRow, graph.int(plan.topK)]),
    rowOfSlot: argsort(graph, slotOfRow, size),
    counts: countExperts(graph, slots, plan),
  };
}

/** The same with an even number of rows for each expert: a row of some token, which nobody reads, behind an odd one. */
export function sortEvenly(graph: Graph, experts: Value, plan: MoePlan): ExpertOrder {
  const slots = graph.node('Reshape', [experts, graph.ints(-1)]);
  const size = graph.node('Shape', [slots]);
  const counts = countExperts(graph, slots, plan);
  const odd = graph.node('Mod', [counts, graph.ints(2)]);
  const lacking = graph.node('Reshape', [graph.node('NonZero', [odd]), graph.ints(-1)]);
  const filled = graph.node('Concat', [slots, lacking], { attributes: { axis: { int: 0 } } });
  const filledSize = graph.node('Shape', [filled]);
  const slotOfRow = argsort(graph, filled, filledSize);
  const lastSlot = graph.node('Sub', [size, graph.ints(1)]);
  const ownSlots = graph.node('Min', [slotOfRow, lastSlot]);
  const rowOfSlot = argsort(graph, slotOfRow, filledSize);
  return {
    tokenOfRow: graph.node('Div', [ownSlots, graph.int(plan.topK)]),
    rowOfSlot: graph.node('Slice', [rowOfSlot, graph.ints(0), size]),
    counts: graph.node('Add', [counts, odd]),
  };
}

/** `[E] i64`: how many of `slots` each expert has. */
function countExperts(graph: Graph, slots: Value, plan: MoePlan): Value {
  const numbers = graph.ints(...plan.experts.keys());
  const column = graph.node('Reshape', [slots, graph.ints(-1, 1)]);
  const matches = graph.cast(graph.node('Equal', [column, numbers]), 'i64');
  return graph.node('ReduceSum', [matches, graph.ints(0)], {
    attributes: { keepdims: { int: 0 } },
  });
}

/** Indices that sort `keys` in rising order; TopK puts the smaller index first among equals. */
function argsort(graph: Graph, keys: Value, size: Value): Value {
  const indices = graph.name();
  graph.node('TopK', [keys, size], {
    attributes: { largest: { int: 0 } },
    outputs: [graph.name(), indices],
  });
  return indices;
}
