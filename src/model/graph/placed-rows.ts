import type { RotaryPlan } from '../families/rope-config.js';
import type { TemperaturePlan } from '../plan/attention.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';
import { makeTables, type RotaryTables } from './rotary-tables.js';

/** What attention ops do not do themselves, and what depends on where a row stands in its sequence. */
export interface PlacedRows {
  /** `[B, S, heads * headDim]` in and out: each head rotated. */
  rotated(x: Value, rotary: RotaryPlan, heads: PlacedHeads): Value;
  /** `[B, S, width]` in and out: each row times the temperature of its position. */
  tempered(x: Value, temperature: TemperaturePlan): Value;
}

/** How many there are, and of how many dimensions. */
export interface PlacedHeads {
  readonly numHeads: number;
  readonly headDim: number;
}

export interface PlacedOptions {
  /** No later position can be run. */
  readonly numPositions: number;
  /** What `longrope` goes by. */
  readonly contextLength: number;
  /** `[B, S] i64`: of each row of the run in its sequence. */
  readonly of: (graph: Graph) => Value;
}

/** Nodes are made where something is asked for. */
export function placedRows(
  graph: Graph,
  { numPositions, contextLength, of }: PlacedOptions,
): PlacedRows {
  const once = keptByKey<Value>();
  const positions = (): Value => once('positions', () => of(graph));
  const tables = keptByKey<RotaryTables>();
  return {
    rotated: (x, rotary, { numHeads, headDim }) => {
      const layout = headLayout(headDim);
      const width = numHeads * layout.cacheHeadDim;
      const { cos, sin } = tables(JSON.stringify([rotary, headDim]), () =>
        makeTables(graph, rotary, { numPositions, contextLength, headDim, factor: 1 }),
      );
      const padded = layout.pad(graph, x, numHeads);
      // Each row is a sequence of its own: a run may have more rows than the tables have positions.
      const rows = graph.node('Reshape', [padded, graph.ints(-1, 1, width)]);
      const places = graph.node('Reshape', [positions(), graph.ints(-1, 1)]);
      const turned = graph.node('RotaryEmbedding', [rows, places, cos, sin]);
      const asRun = graph.node('Reshape', [turned, graph.node('Shape', [padded])]);
      return layout.unpad(graph, asRun, numHeads);
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

function keptByKey<T>(): (key: string, make: () => T) => T {
  const made = new Map<string, T>();
  return (key, make) => {
    const value = made.get(key) ?? make();
    made.set(key, value);
    return value;
  };
}
