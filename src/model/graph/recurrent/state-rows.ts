import type { GraphContext } from '../context.js';
import { GRAPH_INPUTS, STATE_INPUTS } from '../contract.js';
import type { Value } from '../graph.js';
import { OWN_ROWS } from '../run-rows.js';

/**
 * The rows of a run that change a state, out of all that linears multiply, `[B, S, width]`, and back. Rows that count
 * come first; what stands for the others behind them is zeros.
 */
export function countedRows({ graph, rows = OWN_ROWS }: GraphContext): {
  readonly take: (x: Value) => Value;
  readonly giveBack: (x: Value) => Value;
} {
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Shape', [GRAPH_INPUTS.inputIds], { attributes });
  const missing = graph.node('Sub', [numRows, STATE_INPUTS.rows]);
  const pads = graph.node('Concat', [graph.ints(0, 0, 0, 0), missing, graph.ints(0)], {
    attributes: { axis: { int: 0 } },
  });
  return {
    take: (x) =>
      graph.node('Slice', [rows.toRun(x), graph.ints(0), STATE_INPUTS.rows, graph.ints(1)]),
    giveBack: (x) => rows.fromRun(graph.node('Pad', [x, pads])),
  };
}
