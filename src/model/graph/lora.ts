import type { LinearPlan } from '../plan/tensors.js';
import type { WeightContext } from './context.js';
import { loraName } from './contract.js';
import { type ColumnFactors, joinedFactors, scaled } from './factors.js';
import type { Value } from './graph.js';

/**
 * Factor of the first product, undone in the second. The runtime multiplies a single row by another kernel, with other
 * last bits, but only where this is 1 (docs/decisions/0025-lora.md).
 */
const FACTOR = 2;

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
