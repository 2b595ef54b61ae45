import type { W8A8Linear, W8A8Matrix } from '../weights/weight-store.js';
import type { Graph, Value } from './graph.js';
import { mixBlocks } from './mix-blocks.js';

/** Integers of a row run over `[-LARGEST, LARGEST]` around this zero point. */
const ZERO_POINT = 128;
const LARGEST = 127;

/** `x [.., in] f32` times each matrix, of integers whose products accumulate exactly: `[.., out]`, biases included. */
export function integerLinear(
  graph: Graph,
  x: Value,
  linear: W8A8Linear,
  width: number,
): readonly Value[] {
  const mixed = mixBlocks(graph, x, linear.inputHadamard, width);
  return linear.inputRange === null
    ? productsByRow(graph, mixed, linear.matrices)
    : productsInRange(graph, mixed, linear.matrices, linear.inputRange);
}

/**
 * Quantised per row, u8 of `x / max|x|`, so that a row depends on nothing but itself. A row of zeros
 * gives 0 whatever 0/0 was quantised to.
 */
function productsByRow(graph: Graph, x: Value, matrices: readonly W8A8Matrix[]): readonly Value[] {
  const largest = graph.node('ReduceMax', [graph.node('Abs', [x]), graph.ints(-1)]);
  const step = stepFor(graph, 1);
  const integers = quantize(graph, graph.node('Div', [x, largest]), step);
  return matrices.map((matrix) => {
    const unit = product(graph, integers, step, matrix);
    const scaled = graph.node('Mul', [unit, largest]);
    if (matrix.bias === null) return scaled;
    return graph.node('Add', [scaled, graph.externalFloat(matrix.bias)]);
  });
}

/** One step for every row, which spares each of them its largest magnitude. What lies outside the range is clipped. */
function productsInRange(
  graph: Graph,
  x: Value,
  matrices: readonly W8A8Matrix[],
  range: number,
): readonly Value[] {
  const step = stepFor(graph, range);
  const integers = quantize(graph, x, step);
  return matrices.map((matrix) => {
    const { bias } = matrix;
    const more = bias === null ? [] : ['', graph.externalFloat(bias)];
    return product(graph, integers, step, matrix, more);
  });
}

function stepFor(graph: Graph, range: number): Value {
  return graph.f32(Float32Array.of(range / LARGEST), []);
}

/** `[.., in] u8` */
function quantize(graph: Graph, x: Value, step: Value): Value {
  return graph.node('QuantizeLinear', [x, step, graph.u8(ZERO_POINT)]);
}

/** @param more zero point of the weights and bias, if there is one */
function product(
  graph: Graph,
  integers: Value,
  step: Value,
  { weight, scale }: W8A8Matrix,
  more: readonly Value[] = [],
): Value {
  return graph.node('MatMulIntegerToFloat', [
    integers,
    graph.external(weight),
    step,
    graph.externalFloat(scale),
    graph.u8(ZERO_POINT),
    ...more,
  ]);
}
