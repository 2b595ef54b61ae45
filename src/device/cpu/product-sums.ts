import { Graph } from '../../model/graph/graph.js';
import type { ProductSums } from '../../model/quantize/product-sums.js';
import { OrtSession, tensorOf } from '../ort.js';

const OUTPUT = 'sums';
const INNER = 64;
const OUTER = 32;
/** A single row has a kernel of its own. */
const ROWS = [1, 8];
const LARGEST = 127;

/** Multiplies the largest integers of rows by the largest of weights: sums of pairs that saturate are too small. */
export async function probeProductSums(): Promise<ProductSums> {
  const model = { graph: largestProducts(), weightsFolder: '/' };
  const session = await OrtSession.create(model, { numThreads: 1, spinning: false });
  try {
    for (const rows of ROWS) {
      const x = new Float32Array(rows * INNER).fill(LARGEST);
      const feeds = { x: tensorOf('float32', x, [rows, INNER]) };
      const { [OUTPUT]: sums } = await session.fetch(feeds, [OUTPUT]);
      const whole = INNER * LARGEST * LARGEST;
      if (!(sums?.data as Float32Array).every((sum) => sum === whole)) return 'pairs';
    }
    return 'whole';
  } finally {
    await session.release();
  }
}

/** The product as linears in `w8a8_int8` have it (model/graph/integer-linear.ts): of u8 rows, 255 each, and i8 weights. */
function largestProducts(): Uint8Array {
  const graph = new Graph();
  const x = graph.input({ name: 'x', dtype: 'f32', shape: ['rows', INNER] });
  const unit = graph.f32(Float32Array.of(1), []);
  const zeroPoint = graph.u8(128);
  const integers = graph.node('QuantizeLinear', [x, unit, zeroPoint]);
  // A constant, which the runtime packs as it does weights.
  const weight = graph.node('Expand', [graph.i8(LARGEST), graph.ints(INNER, OUTER)]);
  graph.node('MatMulIntegerToFloat', [integers, weight, unit, unit, zeroPoint], {
    outputs: [OUTPUT],
  });
  graph.output({ name: OUTPUT, dtype: 'f32', shape: ['rows', OUTER] });
  return graph.encode();
}
