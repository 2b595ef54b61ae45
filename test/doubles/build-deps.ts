import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BuildDeps } from '../../src/model/built-model.js';
import { runQuantizeJob } from '../../src/model/quantize/run-job.js';

const scratch = await mkdtemp(join(tmpdir(), 'radish-models-'));
process.on('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Jobs run on this thread, into a cache that ends with the process; warnings are errors. */
export const BUILD_DEPS: BuildDeps = {
  runJob: (job) => {
    runQuantizeJob(job);
    return Promise.resolve();
  },
  cacheDir: scratch,
  temporaryDir: scratch,
  warn: (message) => {
    throw new Error(message);
  },
  progress: () => undefined,
};
