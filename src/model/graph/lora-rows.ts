import type { LoraSite } from '../../core/lora.js';
import { GRAPH_INPUTS, LORA_HEAD_INPUTS, LORA_INPUTS, LORA_LOGIT_INPUTS } from './contract.js';
import type { Graph, Value } from './graph.js';
import type { RunRows } from './run-rows.js';

/** Which adapter each row has, of the rows that linears multiply at a place of the network. */
export interface LoraRows {
  /** Linears that adapters may change. */
  readonly sites: ReadonlySet<string>;
  /** `[1] bool`: some row has an adapter. */
  readonly any: Value;
  /** `[1] bool`: rows that have one decode. */
  readonly decodes: Value;
  /** `[S, C, 1] i64`, `[S, C, 1, 1] bool` and `[1, 1, 1, S, C, 1, 2] i64`, as in {@link LORA_INPUTS}. */
  readonly places: Value;
  readonly taken: Value;
  readonly targets: Value;
  /** `[S, 1, T] bool` */
  readonly has: Value;
  /** `[1, -1, T]`, as an i64 */
  readonly shape: Value;
}

/** Those of all rows of the run. */
export function loraRows(
  graph: Graph,
  sites: readonly LoraSite[],
  { marked }: Pick<RunRows, 'marked'>,
): LoraRows {
  const { any, decodes, rows, ...places } = LORA_INPUTS;
  const has = marked(rows);
  const names = new Set(sites.map(({ name }) => name));
  return { sites: names, any, decodes, ...places, has, shape: joinedShape(graph, has) };
}

/** Those of the rows that go through the head. */
export function headLora(
  graph: Graph,
  lora: LoraRows,
  { headRows }: Pick<RunRows, 'headRows'>,
): LoraRows {
  const attributes = { axis: { int: 2 } };
  const has = graph.node('Gather', [lora.has, headRows], { attributes });
  return { ...lora, ...LORA_HEAD_INPUTS, has, shape: joinedShape(graph, has) };
}

/** Those of the first rows of `head_rows` that go through the head: as many as there are temperatures. */
export function logitLora(graph: Graph, lora: LoraRows): LoraRows {
  const numRows = graph.node('Shape', [GRAPH_INPUTS.temperature]);
  const rows = graph.node('Slice', [GRAPH_INPUTS.headRows, graph.ints(0), numRows, graph.ints(0)]);
  const has = graph.node('Gather', [lora.has, rows], { attributes: { axis: { int: 2 } } });
  return { ...lora, ...LORA_LOGIT_INPUTS, has, shape: joinedShape(graph, has) };
}

function joinedShape(graph: Graph, has: Value): Value {
  const attributes = { start: { int: 2 }, end: { int: 3 } };
  const numRows = graph.node('Shape', [has], { attributes });
  return graph.node('Concat', [graph.ints(1, -1), numRows], { attributes: { axis: { int: 0 } } });
}
