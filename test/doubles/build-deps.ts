import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { probeProductSums } from '../../src/device/cpu/product-sums.js';
import type { BuildDeps } from '../../src/model/built-model.js';
import type { ProductSums } from '../../src/model/quantize/product-sums.js';
import { runQuantizeJob } from '../../src/model/quantize/run-job.js';

const scratch = await mkdtemp(join(tmpdir(), 'radish-models-'));
process.on('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});

let sums: Promise<ProductSums> | null = null;

/** Jobs run on this thread, into a cache that ends with the process, for this machine's kernels; warnings are errors. */
export const BUILD_DEPS: BuildDeps = {
  runJob: (job) => {
    runQuantizeJob(job);
    return Promise.resolve();
  },
  productSums: () => (sums ??= probeProductSums()),
  cacheDir: scratch,
  temporaryDir: scratch,
  warn: (message) => {
    throw new Error(message);
  },
  progress: () => undefined,
};
