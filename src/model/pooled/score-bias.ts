import { EMBED_INPUTS } from '../graph/contract.js';
import type { WeightContext } from '../graph/context.js';
import type { Graph, Value } from '../graph/graph.js';
import type { BucketsPlan, SlopesPlan } from './pooled-plan.js';

/** Of a key that is not seen: a softmax makes 0 of it. */
const UNSEEN = -1e30;

/** Biases that are the same for all tokens. */
type FixedScores = SlopesPlan | BucketsPlan;

interface BiasOptions {
  readonly scores: FixedScores | null;
  readonly numPositions: number;
}

/**
 * Gives what is added to the scores of a layer with that window, `[1, numHeads or 1, S, S]`, what is the same for several
 * layers once; null = nothing.
 */
export function scoreBias(
  context: WeightContext,
  { scores, numPositions }: BiasOptions,
): (window: number | null) => Value | null {
  const { graph } = context;
  const made = new Map<number | null, Value | null>();
  const distances = once(() => distancesIn(graph));
  const ofHeads = once(() => scores && headBias(context, scores, { distances, numPositions }));
  return (window) => {
    const known = made.get(window);
    if (known !== undefined) return known;
    const bias = window === null ? ofHeads() : windowed(graph, distances(), { window, ofHeads });
    made.set(window, bias);
    return bias;
  };
}

/** `[S] i64`, from 0 on. */
export function placesIn(graph: Graph): Value {
  const size = graph.node('Squeeze', [
    graph.node('Shape', [EMBED_INPUTS.inputIds], { attributes: { start: { int: 1 } } }),
  ]);
  return graph.node('Range', [graph.int(0), size, graph.int(1)]);
}

/** `[S, S] i64`: key minus query. */
export function distancesIn(graph: Graph): Value {
  const places = placesIn(graph);
  return graph.node('Sub', [places, graph.node('Unsqueeze', [places, graph.ints(1)])]);
}

interface WindowOptions {
  readonly window: number;
  readonly ofHeads: () => Value | null;
}

function windowed(graph: Graph, distances: Value, { window, ofHeads }: WindowOptions): Value {
  const isSeen = graph.node('Less', [graph.node('Abs', [distances]), graph.int(window)]);
  const own = ofHeads() ?? graph.f32(Float32Array.of(0), [1, 1, 1, 1]);
  return graph.node('Where', [isSeen, own, graph.f32(Float32Array.of(UNSEEN), [])]);
}

interface HeadOptions {
  readonly distances: () => Value;
  readonly numPositions: number;
}

/** `[1, numHeads, S, S]` */
function headBias(context: WeightContext, scores: FixedScores, options: HeadOptions): Value {
  const { graph } = context;
  if (scores.kind === 'buckets') return bucketBias(context, scores, options);
  const far = graph.cast(graph.node('Abs', [options.distances()]), 'f32');
  const slopes = Float32Array.from(scores.slopes, (slope) => -slope);
  return graph.node('Mul', [far, graph.f32(slopes, [1, slopes.length, 1, 1])]);
}

/** The table's numbers for all distances are constant, and a run takes those that it has. */
function bucketBias(
  { graph, store }: WeightContext,
  { table, bucketOf }: BucketsPlan,
  { distances, numPositions }: HeadOptions,
): Value {
  const most = numPositions - 1;
  const buckets = Array.from({ length: 2 * most + 1 }, (_, at) => bucketOf(at - most));
  const stored = graph.externalFloat(store.tensor(table.name));
  const byDistance = graph.node('Gather', [stored, graph.ints(...buckets)]);
  const places = graph.node('Add', [distances(), graph.int(most)]);
  const bias = graph.node('Gather', [byDistance, places]);
  const first = graph.node('Transpose', [bias], { attributes: { perm: { ints: [2, 0, 1] } } });
  return graph.node('Unsqueeze', [first, graph.ints(0)]);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
