import type { Test } from 'tap';

import type { Quantization } from '../../../src/model/quantize/format.js';
import { GraphRunner } from './run-graph.js';
import { prepareHere } from './same-answers.js';

/** KL of a model all of whose codes are kept: what is still rounded is what goes in, and the head. */
export const LARGEST_KL = 0.002;

interface KeptText {
  readonly folder: string;
  readonly inputIds: readonly number[];
  readonly cacheDir: string;
}

/** Mean KL of a model as `int4` to its own unpacked weights. */
export async function keptKl(t: Test, { inputIds, ...model }: KeptText): Promise<number> {
  const rowsOf = async (quantization: Quantization): Promise<readonly Float32Array[]> => {
    const prepared = await prepareHere(t, { ...model, quantization });
    const runner = await GraphRunner.create(prepared, { slots: 1 });
    return runner.extend(0, 0, inputIds, null);
  };
  const [exact, kept] = [await rowsOf('none'), await rowsOf('int4')];
  return meanKl(kept, exact);
}

/** Nats per token. */
export function meanKl(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
  const rows = expected.map((row, at) =>
    row.reduce((sum, x, id) => sum + Math.exp(x) * (x - (actual[at]?.[id] ?? NaN)), 0),
  );
  return rows.reduce((sum, kl) => sum + kl, 0) / rows.length;
}
