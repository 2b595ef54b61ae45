import type { WeightContext } from '../graph/context.js';
import type { Value } from '../graph/graph.js';
import { norm } from '../graph/norm.js';
import type { NormPlan } from '../plan/tensors.js';
import { ROW_ROTATION } from './pooled-plan.js';

/** The norm behind the layers, of rows that are pooled, `[R, hidden]`; those of a rotated stream are turned back. */
export function lastNorm(context: WeightContext, rows: Value, plan: NormPlan): Value {
  const { graph, store } = context;
  const rotation = store.map.tensors[ROW_ROTATION];
  if (rotation === undefined) return norm(context, rows, plan);
  const normed = norm(context, rows, { ...plan, gain: null });
  const turned = graph.node('FusedMatMul', [normed, graph.external(rotation)], {
    attributes: { transB: { int: 1 } },
  });
  if (plan.gain === null) return turned;
  return graph.node('Mul', [turned, graph.externalFloat(store.tensor(plan.gain.name))]);
}
