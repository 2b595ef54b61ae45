import type { ModelConfig } from '../families/model-config.js';
import type { RotaryPlan } from '../families/rope-config.js';
import type { TemperaturePlan } from '../plan.js';
import { EXTEND_INPUTS, GRAPH_INPUTS } from './contract.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';
import { makeTables, type RotaryTables } from './rotary-tables.js';

/** What attention ops do not do themselves, and what depends on where a row stands in its sequence. */
export interface RunPositions {
  /** `[B, S, numHeads * cacheHeadDim]` in and out: each head rotated. */
  rotated(x: Value, rotary: RotaryPlan, numHeads: number): Value;
  /** `[B, S, width]` in and out: each row times the temperature of its position. */
  tempered(x: Value, temperature: TemperaturePlan): Value;
}

export interface PositionOptions {
  /** No later position can be run. */
  readonly numPositions: number;
  /** `[B, S] i64`: of each row of the run in its sequence. */
  readonly of: (graph: Graph) => Value;
}

/** Nodes are made where something is asked for. */
export function runPositions(
  graph: Graph,
  { headDim }: ModelConfig,
  { numPositions, of }: PositionOptions,
): RunPositions {
  const once = keptByKey<Value>();
  const positions = (): Value => once('positions', () => of(graph));
  const tables = keptByKey<RotaryTables>();
  return {
    rotated: (x, rotary, numHeads) => {
      const width = numHeads * headLayout(headDim).cacheHeadDim;
      const { cos, sin } = tables(JSON.stringify(rotary), () =>
        makeTables(graph, rotary, { numPositions, headDim, factor: 1 }),
      );
      // Each row is a sequence of its own: a run may have more rows than the tables have positions.
      const rows = graph.node('Reshape', [x, graph.ints(-1, 1, width)]);
      const places = graph.node('Reshape', [positions(), graph.ints(-1, 1)]);
      const turned = graph.node('RotaryEmbedding', [rows, places, cos, sin]);
      return graph.node('Reshape', [turned, graph.node('Shape', [x])]);
    },
    tempered: (x, temperature) => {
      if (numPositions <= temperature.period) return x;
      const factors = once(JSON.stringify(temperature), () => {
        const table = graph.f32(temperatures(temperature, numPositions), [numPositions, 1]);
        return graph.node('Gather', [table, positions()]);
      });
      return graph.node('Mul', [x, factors]);
    },
  };
}

function temperatures({ beta, period }: TemperaturePlan, numPositions: number): Float32Array {
  return Float32Array.from(
    { length: numPositions },
    (_, position) => 1 + beta * Math.log(1 + Math.floor(position / period)),
  );
}

/** Of a sequence that begins with `input [1, S, width]`. */
export function positionsFromStart(graph: Graph, input: Value): Value {
  const rows = graph.node('Range', [graph.int(0), rowsOf(graph, input), graph.int(1)]);
  return graph.node('Unsqueeze', [rows, graph.ints(0)]);
}

/** The last row of a run is the last in the cache. */
export function cachedPositions(graph: Graph): Value {
  const last = graph.node('Unsqueeze', [graph.cast(GRAPH_INPUTS.seqlensK, 'i64'), graph.ints(1)]);
  const numRows = rowsOf(graph, GRAPH_INPUTS.inputIds);
  const rows = graph.node('Range', [graph.int(0), numRows, graph.int(1)]);
  const before = graph.node('Sub', [graph.node('Sub', [numRows, graph.int(1)]), rows]);
  return graph.node('Sub', [last, before]);
}

/** S of `x [B, S, …]`. */
function rowsOf(graph: Graph, x: Value): Value {
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  return graph.node('Squeeze', [graph.node('Shape', [x], { attributes })]);
}

/** Where K and V are integers, `[D, 1]` or `[1, D + E]`: the rows that decode, one of each sequence, and behind them those that extend one. */
export function mixedPositions(graph: Graph): Value {
  const decoded = graph.cast(GRAPH_INPUTS.seqlensK, 'i64');
  const all = graph.node('Concat', [decoded, EXTEND_INPUTS.positions], {
    attributes: { axis: { int: 0 } },
  });
  return graph.node('Reshape', [all, graph.node('Shape', [GRAPH_INPUTS.inputIds])]);
}

function keptByKey<T>(): (key: string, make: () => T) => T {
  const made = new Map<string, T>();
  return (key, make) => {
    const value = made.get(key) ?? make();
    made.set(key, value);
    return value;
  };
}
