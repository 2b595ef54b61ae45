import type { LinearPlan } from '../plan.js';
import type { BlockLinear, PlainLinear, TensorRef, W8A8Linear } from '../weights/weight-store.js';
import type { WeightContext } from './context.js';
import type { Graph, Value } from './graph.js';

/** Quantised formats store the parts of a linear as one matrix, `none` as the checkpoint does. */
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
  factors: readonly Float32Array[] | null = null,
): LinearOutput {
  const { graph, store } = context;
  const weight = store.linear(plan.name);
  const ofColumns = factors && joined(factors);
  switch (weight.format) {
    case 'none': {
      const values = plainParts(context, x, weight);
      return {
        packed: false,
        values: values.map((value, part) => scaled(graph, value, factors?.[part] ?? null)),
      };
    }
    case 'w8a8_int8':
      return {
        packed: true,
        value: integerLinear(graph, x, { linear: weight, width: plan.in, factors: ofColumns }),
      };
    case 'int8':
    case 'int4':
      return { packed: true, value: scaled(graph, blockLinear(context, x, weight), ofColumns) };
  }
}

/** `x [.., width]` times a factor for each column. Of two constants: it is folded when the session is created. */
export function scaled(graph: Graph, x: Value, factors: Float32Array | null): Value {
  return factors === null ? x : graph.node('Mul', [x, graph.f32(factors, [factors.length])]);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** `x [.., in] f32` times a linear of the plan: all its parts side by side in one value, `[.., out]`. */
export function packedLinear(
  context: WeightContext,
  x: Value,
  plan: LinearPlan,
  factors: readonly Float32Array[] | null = null,
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

function plainParts(
  { graph, target }: WeightContext,
  x: Value,
  linear: PlainLinear,
): readonly Value[] {
  return linear.parts.map(({ weight, bias }) => {
    const stored = graph.externalFloat(weight);
    const product =
      target.device === 'webgpu'
        ? graph.node('MatMul', [x, transposed(graph, stored)])
        : graph.node('FusedMatMul', [x, stored], { attributes: { transB: { int: 1 } } });
    return addBias(graph, product, bias);
  });
}

/** Of a constant: it is folded when the session is created. */
function transposed(graph: Graph, matrix: Value): Value {
  return graph.node('Transpose', [matrix], { attributes: { perm: { ints: [1, 0] } } });
}

/** Integers of a row run over `[-127, 127]` around this zero point. */
const ZERO_POINT = 128;
const STEP = Float32Array.of(1 / 127);

/**
 * Activations are quantised per row: u8 of `x / max|x|`, whose products accumulate exactly, so that a
 * row depends on nothing but itself. A row of zeros gives 0 whatever 0/0 was quantised to.
 */
function integerLinear(
  graph: Graph,
  x: Value,
  {
    linear,
    width,
    factors,
  }: { readonly linear: W8A8Linear; readonly width: number; readonly factors: Float32Array | null },
): Value {
  const rotated = mixInput(graph, x, linear.inputHadamard, width);
  const largest = graph.node('ReduceMax', [graph.node('Abs', [rotated]), graph.ints(-1)]);
  const step = graph.f32(STEP, []);
  const zeroPoint = graph.u8(ZERO_POINT);
  const unit = graph.node('Div', [rotated, largest]);
  const integers = graph.node('QuantizeLinear', [unit, step, zeroPoint]);
  const weight = graph.external(linear.weight);
  const product = graph.node('MatMulIntegerToFloat', [
    integers,
    weight,
    step,
    scaled(graph, graph.externalFloat(linear.scale), factors),
    zeroPoint,
  ]);
  const output = graph.node('Mul', [product, largest]);
  const bias = linear.bias && scaled(graph, graph.externalFloat(linear.bias), factors);
  return bias === null ? output : graph.node('Add', [output, bias]);
}

/** `MatMulNBits`: on a CPU with integer products within a block, else with floats. `x [.., in]` → `[.., out]`. */
function blockLinear({ graph, target }: WeightContext, x: Value, linear: BlockLinear): Value {
  const mixed = mixInput(graph, x, linear.inputHadamard ?? null, linear.in);
  const inputs = [mixed, graph.external(linear.weight), graph.externalFloat(linear.scales)];
  const product = graph.node('MatMulNBits', inputs, {
    attributes: {
      K: { int: linear.in },
      N: { int: linear.out },
      bits: { int: linear.bits },
      block_size: { int: linear.blockSize },
      accuracy_level: { int: target.device === 'cpu' ? 4 : 0 },
    },
  });
  return addBias(graph, product, linear.bias);
}

function mixInput(graph: Graph, x: Value, block: number | null, width: number): Value {
  return block === null ? x : mixBlocks(graph, x, block, width);
}

function addBias(graph: Graph, x: Value, bias: TensorRef | null): Value {
  return bias === null ? x : graph.node('Add', [x, graph.externalFloat(bias)]);
}

/**
 * Multiplies each run of `block` columns of `x [.., width]` by the normalised Hadamard matrix of that
 * size (Sylvester's order: entry (i, j) is `(-1)^popcount(i & j) / sqrt(block)`).
 */
function mixBlocks(graph: Graph, x: Value, block: number, width: number): Value {
  const matrix = graph.float(sylvester(block), [block, block]);
  const blocks = graph.node('Reshape', [x, graph.ints(0, 0, width / block, block)]);
  const product = graph.node('MatMul', [blocks, matrix]);
  return graph.node('Reshape', [product, graph.ints(0, 0, width)]);
}

function sylvester(size: number): Float32Array {
  const entry = 1 / Math.sqrt(size);
  return Float32Array.from({ length: size * size }, (_, at) =>
    parity(Math.floor(at / size) & (at % size)) === 0 ? entry : -entry,
  );
}

function parity(bits: number): 0 | 1 {
  let rest = bits;
  let odd: 0 | 1 = 0;
  while (rest !== 0) {
    rest &= rest - 1;
    odd = odd === 0 ? 1 : 0;
  }
  return odd;
}
