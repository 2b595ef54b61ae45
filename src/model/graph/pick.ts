import type { GraphContext } from './context.js';
import type { Graph, Value } from './graph.js';
import { headLora } from './lora-rows.js';
import { OWN_ROWS, type RunRows } from './run-rows.js';

/** Which rows of a layer go on behind its mixer: all, or those of the head. */
export interface RowPick {
  /** `[B, S, width]` → those of it that go on. */
  readonly rows: (x: Value) => Value;
  /** What is built of them. */
  readonly context: GraphContext;
}

export function allRows(context: GraphContext): RowPick {
  return { rows: (x) => x, context };
}

export function headRowsOnly(context: GraphContext): RowPick {
  const { graph, lora, rows = OWN_ROWS } = context;
  return {
    rows: (x) => gatherHeadRows(graph, x, rows),
    context: lora === undefined ? context : { ...context, lora: headLora(graph, lora, rows) },
  };
}

/** `[B, S, width]` → `[1, R, width]`, which keeps three axes for the linears. */
export function gatherHeadRows(
  graph: Graph,
  x: Value,
  { headRows }: Pick<RunRows, 'headRows'>,
): Value {
  const rows = graph.node('Reshape', [x, graph.ints(1, -1, 0)]);
  return graph.node('Gather', [rows, headRows], { attributes: { axis: { int: 1 } } });
}
