import type {
  DenseMlpPlan,
  ExpertsBesides,
  GatedMlpPlan,
  MoePlan,
  SharedExpertPlan,
} from '../plan/mlp.js';
import type { NormPlan } from '../plan/tensors.js';
import type { GraphContext } from './context.js';
import { chooseExperts, type Route } from './expert-choice.js';
import type { Graph, Value } from './graph.js';
import { linear, packedLinear, splitParts } from './linear.js';
import { denseMlp, gated, plainActivation } from './mlp.js';
import { norm, type ResidualNorm } from './norm.js';
import { orderedSum } from './ordered-sum.js';
import { sortByExpert, sortEvenly } from './routing.js';
import { OWN_ROWS } from './run-rows.js';

/**
 * Routed experts: rows are sorted by expert, cut into one run of rows per expert, and each run goes
 * through its own 2-D weights. A row's bits depend on no other row (the fused MoE op does not promise
 * that). `[B, S, hidden]` in and out; `residual` is what {@link ExpertsBesides} read.
 *
 * T = B * S tokens, K experts each, E experts in all:
 * ```
 * x [T, H] ──gather──> [T*K, H] ──split by counts──> E runs ──experts──> concat ──gather──> [T, K, H] ──weights──> [T, H]
 * ```
 */
export function routedMlp(
  context: GraphContext,
  { normed, residual }: ResidualNorm,
  layer: number,
  plan: MoePlan,
): Value {
  const { graph, config, target } = context;
  const { latent, besides } = plan;
  const rowsOf = (x: Value): Value => graph.node('Reshape', [x, graph.ints(-1, config.hiddenSize)]);
  const stream = rowsOf(besides === undefined ? normed : residual);
  const readOf = (own: NormPlan | undefined): Value =>
    own === undefined ? stream : norm(context, stream, own);
  const route = chooseExperts(context, readOf(besides?.routerNorm), layer, plan);
  const tokens = readOf(besides?.inputNorm);
  const read = latent === undefined ? tokens : packedLinear(context, tokens, latent.enter);
  const given =
    target.device === 'webgpu'
      ? everyExpert(context, read, route, plan)
      : chosenExperts(context, read, route, plan);
  const left = latent === undefined ? given : packedLinear(context, given, latent.leave);
  const mixed =
    plan.bias === undefined
      ? left
      : graph.node('Add', [left, graph.externalFloat(context.store.tensor(plan.bias.name))]);
  const whole = graph.node('Reshape', [mixed, graph.node('Shape', [normed])]);
  const routed = besides === undefined ? whole : norm(context, whole, besides.outputNorm);
  const { shared } = plan;
  return shared === null ? routed : addShared(context, { normed, routed, shared, besides });
}

/** `[T, width]`, or with an axis of 1 between: what the chosen experts made of each token, weighted. */
function chosenExperts(context: GraphContext, tokens: Value, route: Route, plan: MoePlan): Value {
  const { graph } = context;
  const width = expertOf(plan.experts, 0).down.out;
  const isWhole = (context.rows ?? OWN_ROWS).toTokens === null;
  const order = (isWhole ? sortByExpert : sortEvenly)(graph, route.experts, plan);
  const rows = graph.node('Gather', [tokens, order.tokenOfRow]);
  const outputs = runExperts(context, rows, order.counts, plan.experts);
  const bySlot = graph.node('Gather', [outputs, order.rowOfSlot]);
  const perToken = graph.node('Reshape', [bySlot, graph.ints(-1, plan.topK, width)]);
  if (context.target.device === 'cuda') {
    // A sum over a middle axis needs cuDNN there: [T, 1, K] x [T, K, H] does not.
    const rows = graph.node('Reshape', [route.weights, graph.ints(-1, 1, plan.topK)]);
    return graph.node('MatMul', [rows, perToken]);
  }
  const weighted = graph.node('Mul', [perToken, route.weights]);
  return orderedSum(graph, weighted, { axis: 1, size: plan.topK });
}

/**
 * The same where integers cannot be sorted: every expert computes every token, and what a token did not choose
 * weighs nothing. It takes the time of a dense model with as many parameters.
 */
function everyExpert(context: GraphContext, tokens: Value, route: Route, plan: MoePlan): Value {
  const { graph } = context;
  const weights = weightPerExpert(graph, route, plan);
  // A shader has 16 buffers or fewer, so that a Split cannot have one output for each expert.
  const outputs = plan.experts.map((expert, index) => {
    const bounds = [graph.ints(index), graph.ints(index + 1), graph.ints(1)];
    const weight = graph.node('Slice', [weights, ...bounds]);
    return graph.node('Mul', [denseMlp(context, tokens, expert), weight]);
  });
  return outputs.reduce((sum, output) => graph.node('Add', [sum, output]));
}

/** `[T, E]`: the weight of each expert for each token, 0 where it was not chosen. */
function weightPerExpert(graph: Graph, { experts, weights }: Route, plan: MoePlan): Value {
  const numbers = Float32Array.from(plan.experts.keys());
  const ids = graph.node('Gather', [graph.f32(numbers, [numbers.length]), experts]);
  const column = graph.node('Reshape', [ids, graph.ints(-1, plan.topK, 1)]);
  const row = graph.f32(numbers, [1, 1, numbers.length]);
  const chosen = graph.cast(graph.node('Equal', [column, row]), graph.compute);
  const weightRow = graph.node('Reshape', [weights, graph.ints(-1, 1, plan.topK)]);
  const product = graph.node('MatMul', [weightRow, chosen]);
  return graph.node('Reshape', [product, graph.ints(-1, numbers.length)]);
}

/** The activation runs once over the rows of all experts. */
function runExperts(
  context: GraphContext,
  rows: Value,
  counts: Value,
  experts: readonly DenseMlpPlan[],
): Value {
  const { graph } = context;
  const runs = splitRows(graph, rows, counts, experts.length);
  const inner = splitRows(graph, innerOfRuns(context, runs, experts), counts, experts.length);
  const outputs = inner.map((run, expert) =>
    packedLinear(context, run, expertOf(experts, expert).down),
  );
  return concatRows(graph, outputs);
}

/** What `down` of the experts reads, rows of all of them. */
function innerOfRuns(
  context: GraphContext,
  runs: readonly Value[],
  experts: readonly DenseMlpPlan[],
): Value {
  const first = expertOf(experts, 0);
  if (first.kind === 'gated') {
    const [gate, up] = gateAndUp(context, runs, experts.filter(isGated));
    return gated(context, gate, up, first);
  }
  const ups = experts.filter(isPlain).map((expert, index) => {
    return packedLinear(context, runs[index] ?? '', expert.up);
  });
  return plainActivation(context, concatRows(context.graph, ups), first);
}

function isGated(plan: DenseMlpPlan) {
  return plan.kind === 'gated';
}

function isPlain(plan: DenseMlpPlan) {
  return plan.kind === 'plain';
}

/** `[T*K, width]` each, rows of all experts. Packed outputs are cut after they are put together. */
function gateAndUp(
  context: GraphContext,
  runs: readonly Value[],
  experts: readonly GatedMlpPlan[],
): readonly [gate: Value, up: Value] {
  const { graph } = context;
  const { gateUp } = expertOf(experts, 0);
  const outputs = runs.map((run, expert) => linear(context, run, expertOf(experts, expert).gateUp));
  const packed = outputs.flatMap((output) => (output.packed ? [output.value] : []));
  const partOf = (part: number): Value[] =>
    outputs.flatMap((output) => (output.packed ? [] : (output.values[part] ?? [])));
  const [gate, up] =
    packed.length > 0
      ? splitParts(graph, concatRows(graph, packed), gateUp)
      : [concatRows(graph, partOf(0)), concatRows(graph, partOf(1))];
  if (gate === undefined || up === undefined) throw new Error(`${gateUp.name} has not two parts`);
  return [gate, up];
}

function expertOf<T extends DenseMlpPlan>(experts: readonly T[], index: number): T {
  const expert = experts[index];
  if (expert === undefined) throw new Error(`No expert ${index}: this is a bug`);
  return expert;
}

function splitRows(graph: Graph, rows: Value, counts: Value, numRuns: number): readonly Value[] {
  const outputs = Array.from({ length: numRuns }, () => graph.name());
  graph.node('Split', [rows, counts], { attributes: { axis: { int: 0 } }, outputs });
  return outputs;
}

function concatRows(graph: Graph, runs: readonly Value[]): Value {
  return graph.node('Concat', runs, { attributes: { axis: { int: 0 } } });
}

/** `routed + sigmoid(gate x) * shared(x)`, or without the sigmoid where there is no gate. */
function addShared(
  context: GraphContext,
  {
    normed,
    routed,
    shared,
    besides,
  }: {
    readonly normed: Value;
    readonly routed: Value;
    readonly shared: SharedExpertPlan;
    readonly besides: ExpertsBesides | undefined;
  },
): Value {
  const { graph } = context;
  const given = denseMlp(context, normed, shared);
  const output = besides === undefined ? given : norm(context, given, besides.sharedNorm);
  if (shared.gate === null) return graph.node('Add', [routed, output]);
  const gate = graph.node('Sigmoid', [packedLinear(context, normed, shared.gate)]);
  return graph.node('Add', [routed, graph.node('Mul', [output, gate])]);
}
