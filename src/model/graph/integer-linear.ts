import type { W8A8Linear, W8A8Matrix } from '../weights/weight-store.js';
import { type ColumnFactors, joinedFactors, scaled } from './factors.js';
import type { Graph, Value } from './graph.js';
import { mixBlocks } from './mix-blocks.js';

/** Integers of a row run over `[-LARGEST, LARGEST]` around this zero point. */
const ZERO_POINT = 128;
const LARGEST = 127;

interface IntegerOptions {
  /** Columns of `x`. */
  readonly width: number;
  /** Of each part's output. */
  readonly partWidths: readonly number[];
  /** Of the columns of each part's output, biases included. */
  readonly factors: ColumnFactors | null;
}

/** A matrix as nodes take it: its columns' factors are in the scale and the bias. */
interface Operand {
  readonly weight: Value;
  readonly scale: Value;
  readonly bias: Value | null;
}

/** `x [.., in] f32` times each matrix, of integers whose products accumulate exactly: `[.., out]`, biases included. */
export function integerLinear(
  graph: Graph,
  x: Value,
  linear: W8A8Linear,
  { width, partWidths, factors }: IntegerOptions,
): readonly Value[] {
  const { matrices } = linear;
  const isOne = matrices.length === 1;
  const ofMatrices = factors && isOne ? [joinedFactors(factors, partWidths)] : factors;
  const operands = matrices.map((matrix, i) => operand(graph, matrix, ofMatrices?.[i] ?? null));
  const mixed = mixBlocks(graph, x, linear.inputHadamard, width);
  return linear.inputRange === null
    ? productsByRow(graph, mixed, operands)
    : productsInRange(graph, mixed, operands, linear.inputRange);
}

function operand(
  graph: Graph,
  { weight, scale, bias }: W8A8Matrix,
  factors: Float32Array | null,
): Operand {
  return {
    weight: graph.external(weight),
    scale: scaled(graph, graph.externalFloat(scale), factors),
    bias: bias && scaled(graph, graph.externalFloat(bias), factors),
  };
}

/**
 * Quantised per row, u8 of `x / max|x|`, so that a row depends on nothing but itself. A row of zeros
 * gives 0 whatever 0/0 was quantised to.
 */
function productsByRow(graph: Graph, x: Value, operands: readonly Operand[]): readonly Value[] {
  const largest = graph.node('ReduceMax', [graph.node('Abs', [x]), graph.ints(-1)]);
  const step = stepFor(graph, 1);
  const integers = quantize(graph, graph.node('Div', [x, largest]), step);
  return operands.map((matrix) => {
    const unit = product(graph, integers, step, matrix);
    const output = graph.node('Mul', [unit, largest]);
    return matrix.bias === null ? output : graph.node('Add', [output, matrix.bias]);
  });
}

/** One step for every row, which spares each of them its largest magnitude. What lies outside the range is clipped. */
function productsInRange(
  graph: Graph,
  x: Value,
  operands: readonly Operand[],
  range: number,
): readonly Value[] {
  const step = stepFor(graph, range);
  const integers = quantize(graph, x, step);
  return operands.map((matrix) => {
    const more = matrix.bias === null ? [] : ['', matrix.bias];
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
  { weight, scale }: Operand,
  more: readonly Value[] = [],
): Value {
  return graph.node('MatMulIntegerToFloat', [
    integers,
    weight,
    step,
    scale,
    graph.u8(ZERO_POINT),
    ...more,
  ]);
}
