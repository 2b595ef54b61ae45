import type { ModelConfig } from '../families/model-config.js';
import { ropeAt, type RotaryPlan } from '../families/rope-config.js';
import type { AttentionPlan } from '../plan/attention.js';
import type { Graph, Value } from './graph.js';
import { headsOf } from '../plan/facts.js';
import { padTable } from './head-layout.js';
import type { Attribute } from './onnx.js';
import { ropeTables } from './rope-tables.js';

/** `[positions, cacheHeadDim / 2] f32` each. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

export interface RotaryOptions {
  readonly numPositions: number;
  /** Most positions of a request. */
  readonly contextLength: number;
  /** Whether the scale of scores is a factor of the tables, which {@link queryFactor} is without. */
  readonly hasScale?: boolean;
  /** One more row behind them, that of what is not rotated and not scaled. */
  readonly hasIdentity?: boolean;
}

/**
 * Gives the tables for positions `[0, numPositions)` of a layer's attention op, those of a kind once; null = it rotates
 * nothing.
 */
export function rotaryTables(
  graph: Graph,
  config: ModelConfig,
  options: RotaryOptions,
): (plan: AttentionPlan) => RotaryTables | null {
  const made = new Map<string, RotaryTables>();
  return (plan) => {
    const rotary = rotaryOfOp(plan);
    if (rotary === null) return null;
    const factor = options.hasScale === true ? Math.sqrt(plan.scale) : 1;
    const { headDim } = headsOf(config, plan);
    const key = JSON.stringify([rotary, factor, headDim]);
    const tables = made.get(key) ?? makeTables(graph, rotary, { ...options, headDim, factor });
    made.set(key, tables);
    return tables;
  };
}

/**
 * What is still to multiply q, where tables have the scale: the vector product that attention has for a single row
 * multiplies by nothing else.
 */
export function queryFactor(plan: AttentionPlan): number {
  return rotaryOfOp(plan) === null && !isAbsorbed(plan) ? plan.scale : 1;
}

/** Of the attention ops. */
export function rotaryAttributes(plan: AttentionPlan): Record<string, Attribute> {
  return { do_rotary: { int: rotaryOfOp(plan) === null ? 0 : 1 } };
}

/** What attention ops rotate: nothing where q and k come to them rotated (placed-rows.ts). */
function rotaryOfOp(plan: AttentionPlan): RotaryPlan | null {
  return plan.normsRotated || isAbsorbed(plan) ? null : plan.rotary;
}

/** Then q comes to the op scaled, too. */
function isAbsorbed({ latent }: AttentionPlan): boolean {
  return latent !== null && latent.absorbed !== null;
}

interface TableOptions extends RotaryOptions {
  readonly headDim: number;
  /** Of each entry. */
  readonly factor: number;
}

export function makeTables(
  graph: Graph,
  { rope, dims, ofDims = dims }: RotaryPlan,
  options: TableOptions,
): RotaryTables {
  const { numPositions, contextLength, hasIdentity = false, headDim, factor } = options;
  const { cos, sin } = ropeTables(ropeAt(rope, contextLength), ofDims, numPositions);
  const table = (values: Float32Array, fill: number): Value => {
    const whole = resized(values, { from: ofDims / 2, kept: dims / 2, to: headDim / 2 }, fill);
    const padded = padTable(
      whole.map((value) => value * factor),
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

/** Rows of `from` numbers, of which the first `kept` are filled up to `to`. */
function resized(
  values: Float32Array,
  { from, kept, to }: { readonly from: number; readonly kept: number; readonly to: number },
  fill: number,
): Float32Array {
  if (from === to && kept === to) return values;
  const numRows = values.length / from;
  const rows = new Float32Array(numRows * to).fill(fill);
  for (let row = 0; row < numRows; row++) {
    rows.set(values.subarray(row * from, row * from + kept), row * to);
  }
  return rows;
}
