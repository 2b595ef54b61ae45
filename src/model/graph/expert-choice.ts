import type { ExpertGroups, MoePlan, ScoredRouting, SparseMixerRouting } from '../plan/mlp.js';
import type { GraphContext } from './context.js';
import { expertsName } from './contract.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { packedLinear } from './linear.js';
import { orderedSum } from './ordered-sum.js';
import { OWN_ROWS } from './run-rows.js';

/** Which experts each token takes, and with what weight. */
export interface Route {
  /** `[T, K] i64` */
  readonly experts: Value;
  /** `[T, K, 1] f32` */
  readonly weights: Value;
}

/** The router's choice for `tokens [T, hidden]`; the graph's output {@link expertsName} is the choice itself. */
export function chooseExperts(
  context: GraphContext,
  tokens: Value,
  layer: number,
  plan: MoePlan,
): Route {
  const { graph } = context;
  const { routing, topK } = plan;
  const scores = packedLinear(context, tokens, plan.router);
  const logits = times(graph, scores, plan.besides?.routerScale ?? 1);
  const { toTokens } = context.rows ?? OWN_ROWS;
  const experts = toTokens === null ? expertsName(layer) : graph.name();
  const weights =
    routing.kind === 'scored'
      ? scoredWeights(context, { logits, experts, plan }, routing)
      : mixerWeights(graph, { logits, experts, plan }, routing);
  toTokens?.(experts, expertsName(layer));
  return { experts, weights: graph.node('Reshape', [weights, graph.ints(-1, topK, 1)]) };
}

interface Choice {
  /** `[T, E]` */
  readonly logits: Value;
  /** The name that the choice gets, `[T, K] i64`. */
  readonly experts: Value;
  readonly plan: MoePlan;
}

/** `[T, K]` */
function scoredWeights(
  { graph, store }: GraphContext,
  { logits, experts, plan }: Choice,
  { scores: kind, bias, groups, scale, expertScale, ...sum }: ScoredRouting,
): Value {
  const scores =
    kind === 'softmax'
      ? graph.node('Softmax', [logits], { attributes: { axis: { int: -1 } } })
      : graph.node('Sigmoid', [logits]);
  const wanted =
    bias === null
      ? scores
      : graph.node('Add', [scores, graph.externalFloat(store.tensor(bias.name))]);
  const open = groups === null ? wanted : ofBestGroups(graph, wanted, plan, groups);
  const highest = highestOf(graph, open, plan.topK, experts);
  const chosen =
    bias === null
      ? highest
      : graph.node('GatherElements', [scores, experts], { attributes: { axis: { int: -1 } } });
  const weights = times(graph, normalised(graph, chosen, plan.topK, sum), scale);
  if (expertScale === undefined) return weights;
  const scales = graph.externalFloat(store.tensor(expertScale.name));
  return graph.node('Mul', [weights, graph.node('Gather', [scales, experts])]);
}

/** `x [.., n]` → its `count` highest numbers, falling; `indices` names where they were. */
function highestOf(graph: Graph, x: Value, count: number, indices = graph.name()): Value {
  return graph.node('TopK', [x, graph.ints(count)], { outputs: [graph.name(), indices] });
}

/** `scores [T, E]` with minus infinity in the place of those whose group is none of the best. */
function ofBestGroups(
  graph: Graph,
  scores: Value,
  { experts }: MoePlan,
  { count, chosen, best }: ExpertGroups,
): Value {
  const size = experts.length / count;
  const grouped = graph.node('Reshape', [scores, graph.ints(-1, count, size)]);
  const sums = graph.node('ReduceSum', [highestOf(graph, grouped, best), graph.ints(-1)], {
    attributes: { keepdims: { int: 0 } },
  });
  const groups = graph.name();
  highestOf(graph, sums, chosen, groups);
  const column = graph.node('Reshape', [groups, graph.ints(-1, chosen, 1)]);
  const matches = graph.cast(
    graph.node('Equal', [column, graph.ints(...Array(count).keys())]),
    'i64',
  );
  const counts = graph.node('ReduceSum', [matches, graph.ints(1)], {
    attributes: { keepdims: { int: 0 } },
  });
  const isOpen = graph.node('Greater', [counts, graph.ints(0)]);
  const ofGroup = graph.node('Reshape', [isOpen, graph.ints(-1, count, 1)]);
  const least = graph.float(Float32Array.of(-Infinity), []);
  const open = graph.node('Where', [ofGroup, grouped, least]);
  return graph.node('Reshape', [open, graph.ints(-1, experts.length)]);
}

/** `weights [T, K]` by their sum. */
function normalised(
  graph: Graph,
  weights: Value,
  topK: number,
  { leastSum, addedToSum = 0 }: Pick<ScoredRouting, 'leastSum' | 'addedToSum'>,
): Value {
  if (leastSum === null) return weights;
  const number = (value: number): Value => graph.float(Float32Array.of(value), []);
  const ofChosen = orderedSum(graph, weights, { axis: -1, size: topK });
  const sum = addedToSum === 0 ? ofChosen : graph.node('Add', [ofChosen, number(addedToSum)]);
  const divisor = leastSum === 0 ? sum : graph.node('Max', [sum, number(leastSum)]);
  return graph.node('Div', [weights, divisor]);
}

/** `[T, 2]`: the probability of each of both among the logits near to its own; the second's are without the first's. */
function mixerWeights(
  graph: Graph,
  { logits, experts, plan }: Choice,
  { jitter }: SparseMixerRouting,
): Value {
  const numExperts = plan.experts.length;
  const highest = highestOf(graph, logits, 2, experts);
  const own = graph.node('Reshape', [highest, graph.ints(-1, 2, 1)]);
  const others = graph.node('Reshape', [logits, graph.ints(-1, 1, numExperts)]);
  const distance = graph.node('Sub', [own, others]);
  const size = graph.node('Max', [graph.node('Abs', [others]), own]);
  const isFar = graph.node('Greater', [
    graph.node('Div', [distance, size]),
    graph.float(Float32Array.of(2 * jitter), []),
  ]);
  const left = graph.node('Or', [isFar, takenBefore(graph, experts, numExperts)]);
  const terms = graph.node('Exp', [graph.node('Neg', [distance])]);
  const near = graph.node('Where', [left, graph.float(Float32Array.of(0), []), terms]);
  return graph.node('Reciprocal', [orderedSum(graph, near, { axis: -1, size: numExperts })]);
}

/** `[T, 2, E] bool`: of the first choice nothing, of the second what the first is. */
function takenBefore(graph: Graph, experts: Value, numExperts: number): Value {
  const first = graph.node('Slice', [experts, graph.ints(0), graph.ints(1), graph.ints(1)]);
  // No expert has the number -1.
  const none = graph.node('Sub', [graph.node('Mul', [first, graph.ints(0)]), graph.ints(1)]);
  const before = graph.node('Concat', [none, first], { attributes: { axis: { int: 1 } } });
  const column = graph.node('Reshape', [before, graph.ints(-1, 2, 1)]);
  return graph.node('Equal', [column, graph.ints(...Array(numExperts).keys())]);
}
