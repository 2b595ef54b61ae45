import { JobFiles } from '../files.js';
import { writeZeroBlocks } from '../zero-blocks.js';
import { factorUnitLower } from './factor.js';
import { gram } from './gram.js';
import type { WriteRecorder } from '../written.js';
import type { LinearTask } from './layer-task.js';
import type { Products } from './products.js';
import { roundRows } from './round-rows.js';

/**
 * What is added to the diagonal, over its mean, for each column that a row of inputs has: the fewer rows were seen, the
 * less is believed of what they have in common (docs/decisions/0023-compensated-rounding.md).
 */
const DAMPING = 0.5;
const DAMPING_MAX = 1;

/** Elements of the rows that are rounded at a time: 64 MiB as f32, and their errors as much again. */
const PIECE_ELEMENTS = 16 * 1024 * 1024;

/** Who multiplies, and who follows what is written. */
export interface RoundingTools {
  readonly products: Products;
  /** Null = nobody. */
  readonly written: WriteRecorder | null;
}

/** Rounds linears that read the same `inputs [n, in]`, and writes their codes. */
export async function roundLinears(
  tools: RoundingTools,
  linears: readonly LinearTask[],
  inputs: Float32Array,
): Promise<void> {
  const { products } = tools;
  const [{ in: width } = { in: 1 }] = linears;
  const lower = await gram(products, inputs, width);
  const added = dampen(lower, width, inputs.length / width);
  await factorUnitLower(products, lower, { width, smallest: added / 2 });
  for (const linear of linears) await roundLinear(tools, linear, lower);
}

async function roundLinear(
  { products, written }: RoundingTools,
  linear: LinearTask,
  lower: Float32Array,
): Promise<void> {
  const { in: width, out, blockSize } = linear;
  const files = new JobFiles(linear.target, written);
  try {
    const step = Math.max(1, Math.floor(PIECE_ELEMENTS / width));
    for (let begin = 0; begin < out; begin += step) {
      const end = Math.min(out, begin + step);
      const weights = files.floats(linear.source, begin, end);
      const rounded = await roundRows(products, weights, { lower, width, blockSize });
      writeZeroBlocks(linear, begin, rounded, files);
    }
  } finally {
    files.close();
  }
}

/** Adds to the diagonal, and says how much. Sums that are none become those of inputs that have nothing in common. */
function dampen(sums: Float32Array, width: number, numRows: number): number {
  let mean = 0;
  for (let i = 0; i < width; i++) mean += (sums[i * width + i] as number) / width;
  const isUsable = Number.isFinite(mean) && mean > 0;
  if (!isUsable) sums.fill(0);
  const share = Math.min(DAMPING_MAX, (DAMPING * width) / numRows);
  const added = isUsable ? share * mean : 1;
  for (let i = 0; i < width; i++) {
    sums[i * width + i] = (sums[i * width + i] as number) + added;
  }
  return added;
}
