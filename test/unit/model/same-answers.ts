import type { Test } from 'tap';

import type { LoadFormat } from '../../../src/model/built-model.js';
import { prepareModel, type PreparedCheckpoint } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { BUILD_DEPS } from '../../doubles/build-deps.js';
import { GraphRunner } from './run-graph.js';

/** A model in two forms, and the text that both read. */
export interface Pair {
  readonly model: string;
  readonly reference: string;
  readonly inputIds: readonly number[];
  /** Largest difference of a log-probability. */
  readonly within: number;
  readonly quantization?: Quantization;
}

/** Each token of a text has the same log-probabilities by both models, which are computed in the same format. */
export async function compareAnswers(t: Test, cacheDir: string, pair: Pair): Promise<void> {
  const { model, reference, inputIds, within, quantization = 'none' } = pair;
  const rowsOf = async (folder: string): Promise<readonly Float32Array[]> => {
    const prepared = await prepareHere(t, { folder, quantization, cacheDir });
    const runner = await GraphRunner.create(prepared, { slots: 1 });
    return runner.extend(0, 0, inputIds, null);
  };
  const [ours, theirs] = [await rowsOf(model), await rowsOf(reference)];
  let worst = 0;
  for (const [row, values] of theirs.entries()) {
    for (const [id, value] of values.entries()) {
      const difference = Math.abs(value - (ours[row]?.[id] ?? NaN));
      // A NaN is a difference too.
      if (!(difference <= worst)) worst = difference;
    }
  }
  t.equal(ours.length, inputIds.length);
  t.ok(worst <= within, `${quantization}: off by ${worst}`);
}

interface Preparation {
  readonly folder: string;
  readonly quantization: Quantization;
  readonly cacheDir: string;
  readonly loadFormat?: LoadFormat;
  readonly allowsLoneRows?: boolean;
}

/** A model whose jobs run on this thread; warnings fail the test. */
export function prepareHere(
  t: Test,
  { folder, quantization, cacheDir, loadFormat = 'auto', allowsLoneRows = false }: Preparation,
): Promise<PreparedCheckpoint> {
  return prepareModel(
    { folder, quantization, loadFormat, contextLength: null, allowsLoneRows },
    { ...BUILD_DEPS, cacheDir, temporaryDir: cacheDir, warn: (message) => t.fail(message) },
  );
}
