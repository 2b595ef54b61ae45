import { ModelLoadError } from '../model/load-error.js';
import type { QuantizeJob } from '../model/quantize/job.js';
import type { CpuPool } from './pool.js';

/** The `runJob` of {@link import('../model/quantize/quantized-weights.js').QuantizeDeps} on a pool. */
export function quantizeOn(pool: CpuPool): (job: QuantizeJob) => Promise<void> {
  return async (job) => {
    const failure = await pool.run({ kind: 'quantize', job });
    if (failure === null) return;
    if (failure.code !== 'system') throw new ModelLoadError(failure.code, failure.message);
    throw Object.assign(new Error(failure.message), { code: failure.systemCode });
  };
}
