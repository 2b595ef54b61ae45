import type { MemoryHeads } from '../../plan/recurrent.js';
import type { TensorPlan } from '../../plan/tensors.js';
import type { WeightContext } from '../context.js';
import { pastStateName, presentStateName } from '../contract.js';
import type { Graph, Value } from '../graph.js';

/** Rows that count: `[B, N, heads * dim]`, or one number a value head. */
export interface MemoryRows {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** Logarithm of what is kept of the memory, `[B, N, numValueHeads]`, or of each key dimension, `[.., * keyDim]`. */
  readonly decay: Value;
  /** How much of what it has in the place of the key is replaced, `[B, N, numValueHeads]`; null = nothing is. */
  readonly rate: Value | null;
}

/** Linear attention of a layer, `[B, N, numValueHeads * valueDim]`: as many query heads as key heads. */
export function linearAttention(
  graph: Graph,
  { query, key, value, decay, rate }: MemoryRows,
  layer: number,
  { scale, ...heads }: MemoryHeads & { readonly scale: number },
): Value {
  const inputs = [query, key, value, pastStateName(layer, 'memory'), decay];
  return graph.node('LinearAttention', rate === null ? inputs : [...inputs, rate], {
    attributes: {
      q_num_heads: { int: heads.numKeyHeads },
      kv_num_heads: { int: heads.numValueHeads },
      update_rule: { string: rate === null ? 'gated' : 'gated_delta' },
      scale: { float: scale },
    },
    outputs: [graph.name(), presentStateName(layer, 'memory')],
  });
}

/** `-exp(x)` of a constant: it is folded when the session is created. */
export function minusExp({ graph, store }: WeightContext, { name }: TensorPlan): Value {
  return graph.node('Neg', [graph.node('Exp', [graph.externalFloat(store.tensor(name))])]);
}
