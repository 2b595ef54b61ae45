import type { ModelConfig } from '../families/model-config.js';
import type { Graph, Value } from './graph.js';
import { padTable } from './head-layout.js';
import { ropeTables } from './rope-tables.js';

/** `[positions, cacheHeadDim / 2] f32` each. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

export interface RotaryOptions {
  readonly numPositions: number;
  /** Factor of each entry. */
  readonly scale: number;
  /** One more row behind them, that of what is not rotated and not scaled. */
  readonly hasIdentity?: boolean;
}

/** Tables for positions `[0, numPositions)`. */
export function rotaryTables(
  graph: Graph,
  { headDim, rope }: ModelConfig,
  { numPositions, scale, hasIdentity = false }: RotaryOptions,
): RotaryTables {
  const { cos, sin } = ropeTables(rope, headDim, numPositions);
  const table = (values: Float32Array, fill: number): Value => {
    const padded = padTable(
      values.map((value) => value * scale),
      headDim,
      fill,
    );
    const half = padded.length / numPositions;
    const numRows = numPositions + (hasIdentity ? 1 : 0);
    const rows = new Float32Array(numRows * half).fill(fill);
    rows.set(padded);
    return graph.f32(rows, [numRows, half]);
  };
  return { cos: table(cos, 1), sin: table(sin, 0) };
}
