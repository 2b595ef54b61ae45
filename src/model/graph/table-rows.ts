import type { TensorPlan } from '../plan/tensors.js';
import type { WeightContext } from './context.js';
import type { Value } from './graph.js';

/** `[..ids, columns]`: rows of a table as it is stored, cast after they are picked. */
export function tableRows(
  { graph, store, target }: WeightContext,
  plan: TensorPlan,
  ids: Value,
): Value {
  const table = store.tensor(plan.name);
  // WebGPU has no bf16.
  const isStored = table.dtype !== 'bf16' || target.device !== 'webgpu';
  const stored = isStored ? graph.external(table) : graph.externalFloat(table);
  const rows = graph.node('Gather', [stored, ids]);
  return !isStored || table.dtype === graph.compute ? rows : graph.cast(rows, graph.compute);
}
