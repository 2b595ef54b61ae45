import type { LinearPlan } from '../plan/tensors.js';
import type { WeightContext } from './context.js';
import { loraName } from './contract.js';
import { type ColumnFactors, joinedFactors, scaled } from './factors.js';
import type { Graph, Value } from './graph.js';
import type { LoraRows } from './lora-rows.js';

/**
 * Factor of the first product of runs that extend, undone in the second. The runtime multiplies a single row by another
 * kernel, with other last bits, but only where this is 1 (docs/decisions/0025-lora.md).
 */
const FACTOR = 2;

/** A linear beside which adapters stand. */
interface Site {
  readonly graph: Graph;
  readonly lora: LoraRows;
  readonly plan: LinearPlan;
  /** What it multiplies, `[1, T, in]`. */
  readonly x: Value;
  /** What it gives: all its parts in one value, or one for each. */
  readonly values: readonly Value[];
  /** Of the columns of its parts. */
  readonly factors: ColumnFactors | null;
}

/** What a linear gives, with what the adapters of its rows add to it. Without any in the run nothing is computed. */
export function withAdapters(
  { graph, lora }: Pick<WeightContext, 'graph' | 'lora'>,
  site: Omit<Site, 'graph' | 'lora'>,
): readonly Value[] {
  if (lora?.sites.has(site.plan.name) !== true) return site.values;
  const whole = { ...site, graph, lora };
  return choose(
    whole,
    lora.any,
    () => choose(whole, lora.decodes, rowByRow, allRowsAtOnce),
    ({ values }) => values.map((value) => graph.node('Identity', [value])),
  );
}

type Build = (site: Site) => readonly Value[];

function choose(site: Site, condition: Value, whenTrue: Build, whenFalse: Build): Value[] {
  const { graph, values } = site;
  const outputs = values.map(() => graph.name());
  const attributes = {
    then_branch: graph.branch(() => whenTrue(site)),
    else_branch: graph.branch(() => whenFalse(site)),
  };
  graph.node('If', [condition], { attributes, outputs });
  return outputs;
}

/**
 * Each row that decodes is multiplied by its own adapter alone, as a vector: what other rows there are changes nothing.
 *
 * ```
 * x [1, T, in] ──gather──> [.., S, C, 1, in] ──A──> [.., S, C, 1, M], else 0 ──B──> [.., S, C, 1, out] ──added to its row
 * ```
 */
function rowByRow(site: Site): readonly Value[] {
  const { graph, lora, plan, x, values } = site;
  const rows = graph.node('Gather', [x, lora.places], { attributes: { axis: { int: 1 } } });
  const products = graph.node('MatMul', [rows, loraName(plan.name, 'a')]);
  const own = graph.node('Where', [lora.taken, products, zero(graph)]);
  const delta = graph.node('MatMul', [own, loraName(plan.name, 'b')]);
  const attributes = { reduction: { string: 'add' } };
  return deltasOf(site, delta).map((part, i) =>
    graph.node('ScatterND', [values[i] ?? '', lora.targets, part], { attributes }),
  );
}

/**
 * All rows by all adapters, of which each keeps its own.
 *
 * ```
 * A [S, in, M], x [1, T, in] ──product──> [S, M, T] ──of its own adapter, else 0──> [1, S * M, T] ──B──> [1, T, out]
 * ```
 *
 * x comes second, so that A is turned in the product: only then sums over `in` are cut the same way for every number of
 * rows and adapters.
 */
function allRowsAtOnce(site: Site): readonly Value[] {
  const { graph, lora, plan, x, values } = site;
  const a = graph.node('Squeeze', [loraName(plan.name, 'a'), graph.ints(0, 1, 3)]);
  const products = graph.node('FusedMatMul', [a, x], {
    attributes: { transA: { int: 1 }, transB: { int: 1 }, alpha: { float: FACTOR } },
  });
  const own = graph.node('Where', [lora.has, products, zero(graph)]);
  const joined = graph.node('Reshape', [own, lora.shape]);
  const b = graph.node('Reshape', [loraName(plan.name, 'b'), graph.ints(-1, plan.out)]);
  const delta = graph.node('FusedMatMul', [joined, b], {
    attributes: { transA: { int: 1 }, alpha: { float: 1 / FACTOR } },
  });
  return deltasOf(site, delta).map((part, i) => graph.node('Add', [values[i] ?? '', part]));
}

/** What is added to each value that the linear gives. */
function deltasOf({ graph, plan, values, factors }: Site, delta: Value): readonly Value[] {
  const widths = plan.parts.map(({ out }) => out);
  const whole = scaled(graph, delta, factors && joinedFactors(factors, widths));
  if (values.length === 1) return [whole];
  const outputs = values.map(() => graph.name());
  graph.node('Split', [whole, graph.ints(...widths)], {
    attributes: { axis: { int: -1 } },
    outputs,
  });
  return outputs;
}

function zero(graph: Graph): Value {
  return graph.f32(Float32Array.of(0), []);
}
