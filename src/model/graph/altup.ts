import type { LayerPlan } from '../plan/network.js';
import type { AltUpPlan, StreamsPlan } from '../plan/streams.js';
import type { NormPlan } from '../plan/tensors.js';
import { attention } from './attention.js';
import type { GraphContext, WeightContext } from './context.js';
import { times } from './factors.js';
import type { Graph, Value } from './graph.js';
import { packedLinear } from './linear.js';
import { denseMlp } from './mlp.js';
import { inverseLength, norm } from './norm.js';
import { orderedSum } from './ordered-sum.js';
import { allRows } from './pick.js';
import { tokenInput } from './token-inputs.js';

/** The least mean square of a stream that is made as long as another. */
const LEAST_SQUARE = 1e-5;

/** `[B, S, hidden]` → `[B, S, streams, hidden]` */
export function enterStreams(context: WeightContext, first: Value, plan: StreamsPlan): Value {
  const others = plan.enter.map((linear) =>
    asLongAs(context, packedLinear(context, first, linear), first, linear.out),
  );
  return stacked(context.graph, [first, ...others]);
}

/** `[B, S, streams, hidden]` → `[B, S, hidden]` */
export function leaveStreams(context: WeightContext, streams: Value, plan: StreamsPlan): Value {
  const { graph } = context;
  const size = plan.leave.length + 1;
  const [first = '', ...others] = Array.from({ length: size }, (_, at) =>
    streamAt(graph, streams, at),
  );
  const back = plan.leave.map((linear, at) =>
    asLongAs(context, packedLinear(context, others[at] ?? '', linear), first, linear.out),
  );
  const sum = orderedSum(graph, stacked(graph, [first, ...back]), { axis: 2, size });
  return times(graph, graph.node('Squeeze', [sum, graph.ints(2)]), 1 / size);
}

function stacked(graph: Graph, rows: readonly Value[]): Value {
  const apart = rows.map((x) => graph.node('Unsqueeze', [x, graph.ints(2)]));
  return graph.node('Concat', apart, { attributes: { axis: { int: 2 } } });
}

function streamAt(graph: Graph, streams: Value, at: number): Value {
  return graph.node('Gather', [streams, graph.int(at)], { attributes: { axis: { int: 2 } } });
}

/** Each row of `x [.., width]` with the root mean square of that of `other`. */
function asLongAs(context: WeightContext, x: Value, other: Value, width: number): Value {
  const { graph } = context;
  const most = graph.float(Float32Array.of(1 / Math.sqrt(LEAST_SQUARE)), []);
  const toUnit = graph.node('Min', [inverseLength(graph, x, width), most]);
  const factor = graph.node('Div', [toUnit, inverseLength(graph, other, width)]);
  return graph.node('Mul', [x, factor]);
}

/** A layer that has several streams. */
export interface AltUpLayer {
  readonly layer: LayerPlan;
  readonly altUp: AltUpPlan;
  readonly active: number;
  /** The token's own numbers; null = the layer reads none. */
  readonly own: Value | null;
}

/** `[B, S, streams, hidden]` in and out. */
export function altUpLayer(
  context: GraphContext,
  streams: Value,
  { layer, altUp, active, own }: AltUpLayer,
): Value {
  const { graph } = context;
  const numStreams = altUp.router.out;
  const routed = routing(context, streamAt(graph, streams, active), altUp);
  const shares = graph.node('Reshape', [
    matrix(context, routed, altUp.prediction),
    graph.ints(0, 0, numStreams, numStreams),
  ]);
  const predicted = graph.node('Add', [streams, graph.node('MatMul', [shares, streams])]);
  const before = streamAt(graph, predicted, active);
  const behind = halves(context, before, layer, altUp);
  const corrections = graph.node('Add', [
    matrix(context, routing(context, behind, altUp), altUp.correction, altUp.clip),
    number(graph, 1),
  ]);
  const change = graph.node('Sub', [behind, before]);
  const corrected = graph.node('Add', [
    predicted,
    graph.node('Mul', [
      graph.node('Unsqueeze', [corrections, graph.ints(3)]),
      graph.node('Unsqueeze', [change, graph.ints(2)]),
    ]),
  ]);
  if (layer.tokenInput === undefined || own === null) return corrected;
  const read = gained(context, streamAt(graph, corrected, active), altUp);
  const added = tokenInput(context, read, own, layer.tokenInput);
  const others = Float32Array.from({ length: numStreams }, (_, at) => Math.min(at, 1));
  const toOthers = graph.node('Mul', [
    graph.node('Unsqueeze', [added, graph.ints(2)]),
    graph.float(others, [numStreams, 1]),
  ]);
  return graph.node('Add', [corrected, toOthers]);
}

/** `[B, S, streams]` */
function routing(context: GraphContext, stream: Value, plan: AltUpPlan): Value {
  const { graph, config } = context;
  const read = times(graph, norm(context, stream, plan.norm), 1 / config.hiddenSize);
  return graph.node('Tanh', [packedLinear(context, read, plan.router)]);
}

/** `x [.., in]` times a small matrix `[out, in]` whose numbers are within the limit. */
function matrix(
  { graph, store }: GraphContext,
  x: Value,
  { name }: AltUpPlan['prediction'],
  clip: number | null = null,
): Value {
  const stored = graph.externalFloat(store.tensor(name));
  const clipped =
    clip === null
      ? stored
      : graph.node('Clip', [stored, number(graph, -clip), number(graph, clip)]);
  return graph.node('FusedMatMul', [x, clipped], { attributes: { transB: { int: 1 } } });
}

/** Attention beside Laurel, and the MLP, each adding to the active stream. */
function halves(
  context: GraphContext,
  stream: Value,
  {
    index,
    inputNorm,
    attention: plan,
    attentionOutputNorm,
    mlpNorm,
    mlp,
    mlpOutputNorm,
  }: LayerPlan,
  { laurel }: AltUpPlan,
): Value {
  const { graph } = context;
  if (plan === null || mlp === null || mlp.kind === 'moe') {
    throw new Error(`layer ${index} lacks a half: this is a bug`);
  }
  const read = maybeNorm(context, stream, inputNorm);
  const attended = attention(context, read, { index, attention: plan }, allRows(context));
  const narrow = packedLinear(context, read, laurel.down);
  const learned = norm(context, packedLinear(context, narrow, laurel.up), laurel.norm);
  const sum = graph.node('Add', [
    graph.node('Add', [stream, maybeNorm(context, attended, attentionOutputNorm)]),
    graph.node('Add', [read, learned]),
  ]);
  const middle = times(graph, sum, Math.SQRT1_2);
  const added = denseMlp(context, maybeNorm(context, middle, mlpNorm), mlp);
  return graph.node('Add', [middle, maybeNorm(context, added, mlpOutputNorm)]);
}

function maybeNorm(context: GraphContext, x: Value, plan: NormPlan | null): Value {
  return plan === null ? x : norm(context, x, plan);
}

function gained({ graph, store }: GraphContext, x: Value, { outputGain }: AltUpPlan): Value {
  if (outputGain === null) return x;
  return graph.node('Mul', [x, graph.externalFloat(store.tensor(outputGain.name))]);
}

function number(graph: Graph, value: number): Value {
  return graph.float(Float32Array.of(value), []);
}
