import { EXTEND_INPUTS, GRAPH_INPUTS } from './contract.js';
import type { Graph, Value } from './graph.js';

/** `[B, S] i64`: the position of each row of a run, of which dummy rows may be beyond the last of `count`. */
export function runPositions(graph: Graph, count: number, isInt8: boolean): Value {
  return graph.node('Min', [positionsOfRun(graph, isInt8), graph.ints(count - 1)]);
}

/** The same where nothing ends before dummy rows do. */
export function positionsOfRun(graph: Graph, isInt8: boolean): Value {
  return isInt8 ? listedPositions(graph) : lastPositions(graph);
}

/** Of a sequence that begins with `input [1, S, width]`. */
export function positionsFromStart(graph: Graph, input: Value): Value {
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Squeeze', [graph.node('Shape', [input], { attributes })]);
  const rows = graph.node('Range', [graph.int(0), numRows, graph.int(1)]);
  return graph.node('Unsqueeze', [rows, graph.ints(0)]);
}

/** The rows of a sequence are its last. */
function lastPositions(graph: Graph): Value {
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Shape', [GRAPH_INPUTS.inputIds], { attributes });
  const last = graph.node('Unsqueeze', [lastPosition(graph), graph.ints(1)]);
  const behind = graph.node('Range', [
    graph.node('Squeeze', [graph.node('Sub', [graph.ints(1), numRows])]),
    graph.int(1),
    graph.int(1),
  ]);
  return graph.node('Add', [last, behind]);
}

/**
 * Rows that decode are the last of their sequence, but for those listed where nothing is extended; behind them are those
 * that the run says.
 */
function listedPositions(graph: Graph): Value {
  const { positions, totalLengths } = EXTEND_INPUTS;
  const extendsNone = graph.node('Equal', [graph.node('Size', [totalLengths]), graph.int(0)]);
  const numBehind = graph.node('Where', [
    extendsNone,
    graph.node('Size', [positions]),
    graph.int(0),
  ]);
  const decoded = graph.node('Sub', [lastPosition(graph), numBehind]);
  const all = graph.node('Concat', [decoded, positions], { attributes: { axis: { int: 0 } } });
  return graph.node('Reshape', [all, graph.node('Shape', [GRAPH_INPUTS.inputIds])]);
}

/** `[B]` of rows that decode, or of whole runs. */
function lastPosition(graph: Graph): Value {
  return graph.cast(GRAPH_INPUTS.seqlensK, 'i64');
}
