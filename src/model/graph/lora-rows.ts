import type { LoraSite } from '../../core/lora.js';
import { LORA_INPUTS } from './contract.js';
import type { Graph, Value } from './graph.js';
import type { RunRows } from './run-rows.js';

/** Which adapter each row has, of the rows that linears multiply at a place of the network. */
export interface LoraRows {
  /** Linears that adapters may change. */
  readonly sites: ReadonlySet<string>;
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
  const names = new Set(sites.map(({ name }) => name));
  return shaped(graph, names, marked(LORA_INPUTS.rows));
}

/** Those of the rows that go through the head. */
export function headLora(
  graph: Graph,
  { sites, has }: LoraRows,
  { headRows }: Pick<RunRows, 'headRows'>,
): LoraRows {
  const attributes = { axis: { int: 2 } };
  return shaped(graph, sites, graph.node('Gather', [has, headRows], { attributes }));
}

function shaped(graph: Graph, sites: ReadonlySet<string>, has: Value): LoraRows {
  const attributes = { start: { int: 2 }, end: { int: 3 } };
  const numRows = graph.node('Shape', [has], { attributes });
  const shape = graph.node('Concat', [graph.ints(1, -1), numRows], {
    attributes: { axis: { int: 0 } },
  });
  return { sites, has, shape };
}
