import { RandomIds } from '../lib/random-ids.js';
import type { Workload } from './workload.js';

/** Milliseconds of one batch of prompts that are answered at once. */
type TimedBatch = (
  prompts: readonly (readonly number[])[],
  maxNewTokens: number,
) => Promise<number>;

/**
 * Two batches of the same prompts, which the cache holds by then: one of 1 new token, one of 1 + steps. The
 * difference is what decoding took. Answers are not streamed: reading streams would cost this process, which
 * shares the cores, more than the server spends on sending them.
 */
export async function decodeMs(
  { batch, context, steps, seed }: Workload & { readonly kind: 'decode' },
  timedBatch: TimedBatch,
): Promise<number> {
  const random = new RandomIds(seed);
  const prompts = Array.from({ length: batch }, () => random.ids(context));
  await timedBatch(prompts, 1);
  const prefillMs = await timedBatch(prompts, 1);
  return (await timedBatch(prompts, 1 + steps)) - prefillMs;
}
