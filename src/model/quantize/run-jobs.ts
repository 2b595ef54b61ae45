import type { QuantizeJob } from './job.js';

/** Runs them all, and tells `meter` the bytes of each that is done. */
export async function runJobs(
  jobs: readonly QuantizeJob[],
  { runJob }: { readonly runJob: (job: QuantizeJob) => Promise<void> },
  meter: (bytes: number) => void,
): Promise<void> {
  const results = await Promise.allSettled(
    jobs.map(async (job) => {
      await runJob(job);
      meter(job.bytes);
    }),
  );
  // All have ended: the draft may be removed now, and no job writes into it any more.
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
