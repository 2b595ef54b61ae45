import { plannedLinears } from '../plan/demands.js';
import type { ModelPlan } from '../plan/network.js';
import type { LinearWeight, WeightStore } from '../weights/weight-store.js';
import { GRAPH_INPUTS } from './contract.js';
import type { Graph, Value } from './graph.js';

/** The rows that linears multiply, and those of the run, which attention reads and the graph gives. */
export interface RunRows {
  /** What is embedded: `[B, S]`, or `[1, T]`. */
  readonly ids: Value;
  /** Indices of those that go through the last norm. */
  readonly headRows: Value;
  /** To the rows of the run: `[B, S, W]`. */
  toRun(x: Value): Value;
  /** From the rows of the run. */
  fromRun(x: Value): Value;
  /** To the rows of `head_rows`: `[R, W]`. */
  toHeadRows(x: Value): Value;
  /** `[T, W]` of rows of the run as the value `name`; null = they are already. */
  readonly toTokens: ((x: Value, name: Value) => Value) | null;
  /** `[N, 1, T]`, what is said of each row of the run: of these rows. */
  marked(x: Value): Value;
}

/** Linears multiply the rows of the run. */
export const OWN_ROWS: RunRows = {
  ids: GRAPH_INPUTS.inputIds,
  headRows: GRAPH_INPUTS.headRows,
  toRun: (x) => x,
  fromRun: (x) => x,
  toHeadRows: (x) => x,
  toTokens: null,
  marked: (x) => x,
};

/** The rows of the run, all on one axis: `[1, T]`. */
export function flatRows(graph: Graph): RunRows {
  const joined = { attributes: { axis: { int: 0 } } };
  const ids = graph.node('Reshape', [GRAPH_INPUTS.inputIds, graph.ints(1, -1)]);
  const width = graph.ints(-1);
  const ofRun = graph.node('Shape', [GRAPH_INPUTS.inputIds]);
  const toRun = graph.node('Concat', [ofRun, width], joined);
  // The width is not copied: what attention gives has none that shape inference knows.
  const fromRun = graph.node('Concat', [graph.node('Shape', [ids]), width], joined);
  return {
    ...OWN_ROWS,
    ids,
    toRun: (x) => graph.node('Reshape', [x, toRun]),
    fromRun: (x) => graph.node('Reshape', [x, fromRun]),
  };
}

/**
 * Whether a product gives the last row of an odd number other bits than the same row before another: the runtime has a
 * kernel for one row and one for two. With 4 bits in blocks of 16 and 8 bits in blocks up to 64 both give the same bits
 * on AVX2 and on VNNI (docs/decisions/0021-kept-blocks.md).
 */
export function needsEvenRows(plan: ModelPlan, store: WeightStore): boolean {
  return plannedLinears(plan).some(({ name }) => needsEven(store.linear(name)));
}

function needsEven(weight: LinearWeight): boolean {
  if (weight.format === 'parts') return weight.parts.some(needsEven);
  if (weight.format === 'int4') return weight.blockSize > 16;
  return weight.format === 'int8' && weight.blockSize > 64;
}

/**
 * An even number of rows: the last one again behind an odd number. Everything between two attentions has them; the one
 * that was added is left out where rows meet others, or go out.
 */
export function evenRows(graph: Graph): RunRows {
  const ids = evenList(graph, graph.node('Reshape', [GRAPH_INPUTS.inputIds, graph.ints(-1)]));
  const heads = evenList(graph, GRAPH_INPUTS.headRows);
  // Places of the rows in the form of the run: what a shape is computed for is not known to the ops behind it.
  const all = graph.node('Range', [graph.int(0), graph.node('Squeeze', [ids.count]), graph.int(1)]);
  const places = graph.node('Reshape', [all, graph.node('Shape', [GRAPH_INPUTS.inputIds])]);
  return {
    ids: graph.node('Reshape', [ids.values, graph.ints(1, -1)]),
    headRows: heads.values,
    toRun: (x) => {
      const rows = graph.node('Gather', [x, places], { attributes: { axis: { int: 1 } } });
      return graph.node('Squeeze', [rows, graph.ints(0)]);
    },
    fromRun: (x) => {
      const rows = graph.node('Reshape', [x, graph.ints(1, -1, 0)]);
      return withLast(graph, rows, ids, 1);
    },
    toHeadRows: (x) => graph.node('Slice', [x, graph.ints(0), heads.count, graph.ints(0)]),
    toTokens: (x, name) =>
      graph.node('Slice', [x, graph.ints(0), ids.count, graph.ints(0)], { outputs: [name] }),
    marked: (x) => withLast(graph, x, ids, 2),
  };
}

interface EvenList {
  readonly values: Value;
  /** `[1]`: how many there were. */
  readonly count: Value;
  /** `[1]`: that without the last of an odd number. */
  readonly pairs: Value;
}

function evenList(graph: Graph, list: Value): EvenList {
  const count = graph.node('Shape', [list]);
  const odd = graph.node('Mod', [count, graph.ints(2)]);
  const pairs = graph.node('Sub', [count, odd]);
  return { values: withLast(graph, list, { count, pairs }, 0), count, pairs };
}

/** `x` with its last row along `axis` once more, where their number is odd. */
function withLast(
  graph: Graph,
  x: Value,
  { count, pairs }: Pick<EvenList, 'count' | 'pairs'>,
  axis: number,
): Value {
  const last = graph.node('Slice', [x, pairs, count, graph.ints(axis)]);
  return graph.node('Concat', [x, last], { attributes: { axis: { int: axis } } });
}
