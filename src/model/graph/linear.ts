import type { AdapterPlan, LinearPlan, TensorPlan } from '../plan/tensors.js';
import type { BlockLinear, PlainLinear, TensorRef } from '../weights/weight-store.js';
import type { WeightContext } from './context.js';
import { type ColumnFactors, joinedFactors, scaled } from './factors.js';
import type { Graph, Value } from './graph.js';
import { integerLinear } from './integer-linear.js';
import { withAdapters } from './lora.js';
import { mixBlocks } from './mix-blocks.js';
import { withSums } from './with-sums.js';

/**
 * Quantised formats store the parts of a linear as one matrix, but for some that `w8a8_int8` multiplies part by
 * part; `none` as the checkpoint does.
 */
export type LinearOutput =
  | { readonly packed: true; readonly value: Value }
  | { readonly packed: false; readonly values: readonly Value[] };

/**
 * `x [.., in] f32` times a linear of the plan, as its weight format has it; each column of the output, bias
 * included, times its own of `factors`, one array for each part.
 */
export function linear(
  context: WeightContext,
  x: Value,
  plan: LinearPlan,
  factors: ColumnFactors | null = null,
): LinearOutput {
  const output = ofWeights(context, x, plan, factors);
  const given = output.packed ? [output.value] : output.values;
  const values = withAdapters(context, { x, plan, values: given, factors });
  const [value = ''] = values;
  return output.packed ? { packed: true, value } : { packed: false, values };
}

function ofWeights(
  context: WeightContext,
  x: Value,
  plan: LinearPlan,
  factors: ColumnFactors | null,
): LinearOutput {
  const { graph, store } = context;
  const weight = store.linear(plan.name);
  const partWidths = plan.parts.map(({ out }) => out);
  switch (weight.format) {
    case 'none': {
      const values = plainParts(context, x, weight, plan);
      return {
        packed: false,
        values: values.map((value, part) => scaled(graph, value, factors?.[part] ?? null)),
      };
    }
    case 'parts': {
      const values = weight.parts.map((part) => blockLinear(context, x, part));
      return {
        packed: false,
        values: values.map((value, part) => scaled(graph, value, factors?.[part] ?? null)),
      };
    }
    case 'w8a8_int8':
      return asStored(integerLinear(graph, x, weight, { width: plan.in, partWidths, factors }));
    case 'int8':
    case 'int4': {
      const ofColumns = factors && joinedFactors(factors, partWidths);
      return { packed: true, value: scaled(graph, blockLinear(context, x, weight), ofColumns) };
    }
  }
}

/** `x [.., in] f32` times a linear of the plan: all its parts side by side in one value, `[.., out]`. */
export function packedLinear(
  context: WeightContext,
  x: Value,
  plan: LinearPlan,
  factors: ColumnFactors | null = null,
): Value {
  const output = linear(context, x, plan, factors);
  if (output.packed) return output.value;
  const [only, ...more] = output.values;
  if (only !== undefined && more.length === 0) return only;
  return context.graph.node('Concat', output.values, { attributes: { axis: { int: -1 } } });
}

/** `x [.., in] f32` times a linear of the plan: one value for each part, `[.., part.out]`. */
export function linearParts(context: WeightContext, x: Value, plan: LinearPlan): readonly Value[] {
  const output = linear(context, x, plan);
  if (!output.packed) return output.values;
  return splitParts(context.graph, output.value, plan);
}

/** Cuts the packed output of a linear, `[.., out]`, into the parts of the plan. */
export function splitParts(graph: Graph, packed: Value, plan: LinearPlan): readonly Value[] {
  if (plan.parts.length === 1) return [packed];
  const outputs = plan.parts.map(() => graph.name());
  const sizes = graph.ints(...plan.parts.map((part) => part.out));
  graph.node('Split', [packed, sizes], { attributes: { axis: { int: -1 } }, outputs });
  return outputs;
}

function asStored(values: readonly Value[]): LinearOutput {
  const [only, ...more] = values;
  const isOne = only !== undefined && more.length === 0;
  return isOne ? { packed: true, value: only } : { packed: false, values };
}

function plainParts(
  { graph, store, target }: WeightContext,
  x: Value,
  linear: PlainLinear,
  { parts }: LinearPlan,
): readonly Value[] {
  return linear.parts.map(({ weight, bias }, part) => {
    const stored = graph.externalFloat(weight);
    const product =
      target.device === 'webgpu'
        ? graph.node('MatMul', [x, transposed(graph, stored)])
        : graph.node('FusedMatMul', [x, stored], { attributes: { transB: { int: 1 } } });
    const whole = addBias(graph, product, bias);
    const adapter = parts[part]?.adapter;
    return adapter === undefined ? whole : withAdapter({ graph, store }, x, whole, adapter);
  });
}

/** `[.., out]` with what an adapter makes of `x [.., in]`. */
function withAdapter(
  { graph, store }: Pick<WeightContext, 'graph' | 'store'>,
  x: Value,
  whole: Value,
  { down, up, scale }: AdapterPlan,
): Value {
  const times = (rows: Value, { name }: TensorPlan, attributes = {}): Value =>
    graph.node('FusedMatMul', [rows, graph.externalFloat(store.tensor(name))], {
      attributes: { transB: { int: 1 }, ...attributes },
    });
  const added = times(times(x, down), up, { alpha: { float: scale } });
  return graph.node('Add', [whole, added]);
}

/** Of a constant: it is folded when the session is created. */
function transposed(graph: Graph, matrix: Value): Value {
  return graph.node('Transpose', [matrix], { attributes: { perm: { ints: [1, 0] } } });
}

/** `MatMulNBits`: on a CPU with integer products within a block, else with floats. `x [.., in]` → `[.., out]`. */
function blockLinear({ graph, target }: WeightContext, x: Value, linear: BlockLinear): Value {
  const mixed = mixBlocks(graph, x, linear.inputHadamard ?? null, linear.in);
  const ordered = inOrder(graph, mixed, linear.inputOrder);
  const { sumColumns = 0 } = linear;
  const whole = sumColumns === 0 ? ordered : withSums(graph, ordered, linear);
  const inputs = [whole, graph.external(linear.weight), graph.externalFloat(linear.scales)];
  if (linear.zeroPoints !== undefined) inputs.push(graph.external(linear.zeroPoints));
  const product = graph.node('MatMulNBits', inputs, {
    attributes: {
      K: { int: linear.in + sumColumns },
      N: { int: linear.out },
      bits: { int: linear.bits },
      block_size: { int: linear.blockSize },
      accuracy_level: { int: target.device === 'cpu' ? 4 : 0 },
    },
  });
  return addBias(graph, product, linear.bias);
}

/**
 * The columns of `x [.., in]` as `order` lists them. The runtime's `Gather` takes several times as long for single
 * numbers (docs/decisions/0021-kept-blocks.md).
 */
function inOrder(graph: Graph, x: Value, order: TensorRef | undefined): Value {
  if (order === undefined) return x;
  const places = graph.node('Expand', [graph.external(order), graph.node('Shape', [x])]);
  return graph.node('GatherElements', [x, places], { attributes: { axis: { int: -1 } } });
}

function addBias(graph: Graph, x: Value, bias: TensorRef | null): Value {
  return bias === null ? x : graph.node('Add', [x, graph.externalFloat(bias)]);
}
