import type { LoraSite } from '../../core/lora.js';
import type { LinearPlan } from '../plan.js';
import type { WeightContext } from './context.js';
import { LORA_INPUTS, loraName } from './contract.js';
import { type ColumnFactors, joinedFactors, scaled } from './factors.js';
import type { Graph, Value } from './graph.js';
import type { RunRows } from './run-rows.js';

/**
 * Factor of the first product, undone in the second. The runtime multiplies a single row by another kernel, with other
 * last bits, but only where this is 1 (docs/decisions/0025-lora.md).
 */
const FACTOR = 2;

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

/**
 * What the adapters of its rows add to a linear, `[1, T, out]`; null = it has no place for any.
 *
 * ```
 * A [S, in, M], x [1, T, in] ──product──> [S, M, T] ──of its own adapter, else 0──> [1, S * M, T] ──B──> [1, T, out]
 * ```
 *
 * x comes second, so that A is turned in the product: only then sums over `in` are cut the same way for every number of
 * rows and adapters.
 *
 * @param factors of the columns of the linear's parts
 */
export function loraDelta(
  { graph, lora }: WeightContext,
  x: Value,
  { name, parts }: LinearPlan,
  factors: ColumnFactors | null,
): Value | null {
  if (lora?.sites.has(name) !== true) return null;
  const products = graph.node('FusedMatMul', [loraName(name, 'a'), x], {
    attributes: { transA: { int: 1 }, transB: { int: 1 }, alpha: { float: FACTOR } },
  });
  const own = graph.node('Where', [lora.has, products, graph.f32(Float32Array.of(0), [])]);
  const joined = graph.node('Reshape', [own, lora.shape]);
  const delta = graph.node('FusedMatMul', [joined, loraName(name, 'b')], {
    attributes: { transA: { int: 1 }, alpha: { float: 1 / FACTOR } },
  });
  const widths = parts.map(({ out }) => out);
  return scaled(graph, delta, factors && joinedFactors(factors, widths));
}
