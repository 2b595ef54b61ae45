import type { LinearPlan, TensorPlan } from '../plan/tensors.js';
import type { WeightContext } from './context.js';
import { loraName } from './contract.js';
import { type ColumnFactors, joinedFactors, scaled, times } from './factors.js';
import type { Graph, Value } from './graph.js';
import type { LoraRows } from './lora-rows.js';

/**
 * Factor of the first product of runs that extend, undone in the second. The runtime multiplies a single row by another
 * kernel, with other last bits, but only where this is 1 (docs/decisions/0025-lora.md).
 */
const FACTOR = 2;

/** What adapters stand beside: a linear, or the table of tokens. */
interface Site {
  readonly graph: Graph;
  readonly lora: LoraRows;
  readonly name: string;
  /** What it gives: all its parts in one value, or one for each. */
  readonly values: readonly Value[];
  /** Columns of its parts. */
  readonly widths: readonly number[];
  /** Of the columns of its parts. */
  readonly factors: ColumnFactors | null;
  readonly products: Products;
}

/** What A makes of rows. */
interface Products {
  /** Of each row by its own adapter, with the axes `[S, C, 1, M]` last. */
  byRow(): Value;
  /** Of all rows by all adapters, times {@link FACTOR}: `[S, M, T]`. */
  byAdapter(): Value;
}

type LoraContext = Pick<WeightContext, 'graph' | 'lora'>;

interface LinearSite {
  readonly plan: LinearPlan;
  /** What it multiplies, `[1, T, in]`. */
  readonly x: Value;
  readonly values: readonly Value[];
  readonly factors: ColumnFactors | null;
}

/** What a linear gives, with what the adapters of its rows add to it. Without any in the run nothing is computed. */
export function withAdapters(
  { graph, lora }: LoraContext,
  { plan, x, values, factors }: LinearSite,
): readonly Value[] {
  if (lora?.sites.has(plan.name) !== true) return values;
  const widths = plan.parts.map(({ out }) => out);
  const products = linearProducts({ graph, lora, name: plan.name }, x);
  return adapted({ graph, lora, name: plan.name, values, widths, factors, products });
}

/** `rows [1, T, columns]` of the table of tokens, with what the adapters of `ids [1, T]` add to them. */
export function withTableAdapters(
  { graph, lora }: LoraContext,
  { name, shape }: TensorPlan,
  rows: Value,
  ids: Value,
): Value {
  if (lora?.sites.has(name) !== true) return rows;
  const [numIds = 0, columns = 0] = shape;
  const products = tableProducts({ graph, lora, name }, ids, numIds);
  const site = { graph, lora, name, values: [rows], widths: [columns], factors: null, products };
  return adapted(site)[0] ?? rows;
}

function adapted(site: Site): readonly Value[] {
  const { graph, lora } = site;
  return choose(
    site,
    lora.any,
    () => choose(site, lora.decodes, rowByRow, allRowsAtOnce),
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
  const { graph, lora, name, values } = site;
  const own = graph.node('Where', [lora.taken, site.products.byRow(), zero(graph)]);
  const delta = graph.node('MatMul', [own, loraName(name, 'b')]);
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
 */
function allRowsAtOnce(site: Site): readonly Value[] {
  const { graph, lora, name, values, widths } = site;
  const own = graph.node('Where', [lora.has, site.products.byAdapter(), zero(graph)]);
  const joined = graph.node('Reshape', [own, lora.shape]);
  const out = widths.reduce((sum, width) => sum + width, 0);
  const b = graph.node('Reshape', [loraName(name, 'b'), graph.ints(-1, out)]);
  const delta = graph.node('FusedMatMul', [joined, b], {
    attributes: { transA: { int: 1 }, alpha: { float: 1 / FACTOR } },
  });
  return deltasOf(site, delta).map((part, i) => graph.node('Add', [values[i] ?? '', part]));
}

/**
 * x comes second where all rows are multiplied, so that A is turned in the product: only then sums over `in` are cut the
 * same way for every number of rows and adapters.
 */
function linearProducts({ graph, lora, name }: Pick<Site, 'graph' | 'lora' | 'name'>, x: Value) {
  return {
    byRow: () => {
      const rows = graph.node('Gather', [x, lora.places], { attributes: { axis: { int: 1 } } });
      return graph.node('MatMul', [rows, loraName(name, 'a')]);
    },
    byAdapter: () => {
      const a = graph.node('Squeeze', [loraName(name, 'a'), graph.ints(0, 1, 3)]);
      return graph.node('FusedMatMul', [a, x], {
        attributes: { transA: { int: 1 }, transB: { int: 1 }, alpha: { float: FACTOR } },
      });
    },
  };
}

/** Nothing is multiplied: a token picks its column of each A, which lies as a row. */
function tableProducts(
  { graph, lora, name }: Pick<Site, 'graph' | 'lora' | 'name'>,
  ids: Value,
  numIds: number,
): Products {
  /** Rows of the adapters' tokens, `at` and the first one of each. */
  const picked = (at: Value, axes: readonly number[]): Value => {
    const numSets = graph.node('Squeeze', [
      graph.node('Shape', [lora.has], { attributes: { end: { int: 1 } } }),
    ]);
    const end = graph.node('Mul', [numSets, graph.int(numIds)]);
    const first = graph.node('Range', [graph.int(0), end, graph.int(numIds)]);
    const begins = graph.node('Reshape', [first, graph.ints(-1, ...axes)]);
    return graph.node('Gather', [loraName(name, 'a'), graph.node('Add', [at, begins])]);
  };
  return {
    byRow: () => {
      const list = graph.node('Squeeze', [ids, graph.ints(0)]);
      return picked(graph.node('Gather', [list, lora.places]), [1, 1]);
    },
    byAdapter: () => {
      const rows = graph.node('Transpose', [picked(ids, [1])], {
        attributes: { perm: { ints: [0, 2, 1] } },
      });
      return times(graph, rows, FACTOR);
    },
  };
}

/** What is added to each value that the linear gives. */
function deltasOf({ graph, widths, values, factors }: Site, delta: Value): readonly Value[] {
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
