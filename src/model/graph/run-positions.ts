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
  /** K and V are integers: rows that extend sequences have an input that says where they stand. */
  readonly isInt8: boolean;
}

/** Nodes are made where something is asked for. */
export function runPositions(
  graph: Graph,
  { headDim }: ModelConfig,
  { numPositions, isInt8 }: PositionOptions,
): RunPositions {
  const once = keptByKey<Value>();
  const positions = (): Value => {
    return once('positions', () => (isInt8 ? mixedPositions(graph) : evenPositions(graph)));
  };
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

/** `[B, S] i64`: the last row of a run is the last in the cache. */
function evenPositions(graph: Graph): Value {
  const last = graph.node('Unsqueeze', [graph.cast(GRAPH_INPUTS.seqlensK, 'i64'), graph.ints(1)]);
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Squeeze', [
    graph.node('Shape', [GRAPH_INPUTS.inputIds], { attributes }),
  ]);
  const rows = graph.node('Range', [graph.int(0), numRows, graph.int(1)]);
  const before = graph.node('Sub', [graph.node('Sub', [numRows, graph.int(1)]), rows]);
  return graph.node('Sub', [last, before]);
}

/** `[D, 1]` or `[1, D + E] i64`: the rows that decode, one of each sequence, and behind them those that extend one. */
function mixedPositions(graph: Graph): Value {
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
