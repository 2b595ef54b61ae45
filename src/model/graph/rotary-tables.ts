import type { ModelConfig } from '../families/model-config.js';
import type { Graph, Value } from './graph.js';
import { padTable } from './head-layout.js';
import { ropeTables } from './rope-tables.js';

/** `[positions, cacheHeadDim / 2] f32` each. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

/** Tables for positions `[0, numPositions)`, each entry times `scale`. */
export function rotaryTables(
  graph: Graph,
  { headDim, rope }: ModelConfig,
  { numPositions, scale }: { readonly numPositions: number; readonly scale: number },
): RotaryTables {
  const { cos, sin } = ropeTables(rope, headDim, numPositions);
  const table = (values: Float32Array, fill: number): Value => {
    const padded = padTable(
      values.map((value) => value * scale),
      headDim,
      fill,
    );
    return graph.f32(padded, [numPositions, padded.length / numPositions]);
  };
  return { cos: table(cos, 1), sin: table(sin, 0) };
}
