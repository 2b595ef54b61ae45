import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CpuPool, quantizeOn } from '../../../src/cpu/pool.js';
import { calibrateOnText, roundingTexts } from '../../../src/fleet/calibrate-on-text.js';
import { prepareModel, type PreparedCheckpoint } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { ON_CPU, type KvCacheDtype } from '../../../src/model/target.js';
import { Teacher } from './teacher.js';

export interface Formats {
  readonly quantization: Quantization;
  readonly kvCacheDtype: KvCacheDtype;
}

export interface Room {
  /** The longest text, tokens. */
  readonly window: number;
  readonly threads: number;
  /** Of quantised weights. */
  readonly cacheDir?: string;
}

export interface LoadedModel {
  readonly prepared: PreparedCheckpoint;
  readonly teacher: Teacher;
}

/** The reference of every comparison. */
export const EXACT: Formats = { quantization: 'none', kvCacheDtype: 'fp32' };
export const DEFAULT_CACHE_DIR = join(tmpdir(), 'radish-quality');

export async function loadModel(
  folder: string,
  { quantization, kvCacheDtype }: Formats,
  { window, threads, cacheDir = DEFAULT_CACHE_DIR }: Room,
): Promise<LoadedModel> {
  const pool = new CpuPool({ numThreads: threads });
  const prepared = await prepareModel(
    {
      folder,
      quantization,
      loadFormat: 'auto',
      contextLength: window,
      device: { ...ON_CPU, kvCacheDtype },
    },
    {
      runJob: quantizeOn(pool),
      productSums: () => pool.productSums(),
      calibrateKv: ({ model, tokenizerFolder }) =>
        calibrateOnText((...task) => pool.calibrate(...task), model, [tokenizerFolder]),
      roundLayer: (task) => pool.roundLayer(task),
      readTexts: (tokenizerFolder, limits) => roundingTexts([tokenizerFolder], limits),
      cacheDir,
      temporaryDir: tmpdir(),
      warn: (message) => {
        console.error(message);
      },
      progress: () => undefined,
    },
  );
  await pool.close();
  return { prepared, teacher: await Teacher.load(prepared, window, threads) };
}
