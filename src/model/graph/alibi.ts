import type { AlibiPlan } from '../plan/attention.js';
import type { Graph, Value } from './graph.js';

export interface AlibiRun {
  /** No later position can be run. */
  readonly numPositions: number;
  /** scalar i32: keys of the run. */
  readonly totalLength: Value;
}

/**
 * Gives what attention adds to the scores of `rows [B, S, width]`, `[1, numHeads, S, totalLength] f32`, that of a kind once.
 * A row's own position is not in it: the same bits come out however runs are cut.
 */
export function alibiBias(
  graph: Graph,
  { numPositions, totalLength }: AlibiRun,
): (plan: AlibiPlan | null, rows: Value) => Value {
  const made = new Map<string, Value>();
  return (plan, rows) => {
    if (plan === null) return '';
    const key = JSON.stringify(plan);
    const bias = made.get(key) ?? makeBias(graph, plan, { numPositions, totalLength, rows });
    made.set(key, bias);
    return bias;
  };
}

function makeBias(
  graph: Graph,
  plan: AlibiPlan,
  { numPositions, totalLength, rows }: AlibiRun & { readonly rows: Value },
): Value {
  const numHeads = plan.slopes.length;
  const table = graph.f32(alibiTable(plan, numPositions), [1, numHeads, 1, numPositions]);
  const total = graph.node('Unsqueeze', [graph.cast(totalLength, 'i64'), graph.ints(0)]);
  const ofKeys = graph.node('Slice', [table, graph.ints(0), total, graph.ints(3)]);
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Shape', [rows], { attributes });
  const shape = graph.node('Concat', [graph.ints(1, 1), numRows, graph.ints(1)], {
    attributes: { axis: { int: 0 } },
  });
  return graph.node('Expand', [ofKeys, shape]);
}

/** `[numHeads, numPositions]` */
function alibiTable({ slopes, isBf16, factor }: AlibiPlan, numPositions: number): Float32Array {
  const rounded = isBf16 ? toBf16 : Math.fround;
  const table = new Float32Array(slopes.length * numPositions);
  slopes.forEach((slope, head) => {
    for (let position = 0; position < numPositions; position++) {
      const product = rounded(rounded(slope) * rounded(position));
      table[head * numPositions + position] = product * factor;
    }
  });
  return table;
}

/** The nearest number that bf16 has; halfway to the even one. */
function toBf16(value: number): number {
  const float = Float32Array.of(value);
  const bits = new Uint32Array(float.buffer);
  const own = bits[0] ?? 0;
  bits[0] = (own + 0x7fff + ((own >>> 16) & 1)) & 0xffff0000;
  return float[0] ?? 0;
}
