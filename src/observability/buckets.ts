import type { ServerArgs } from '../config/server-args.js';
import { bucketsOf } from '../core/bucket-rule.js';

/** Upper bounds of the request histograms, ascending; seconds, or tokens. */
export interface Buckets {
  readonly timeToFirstToken: readonly number[];
  readonly interToken: readonly number[];
  readonly endToEnd: readonly number[];
  readonly promptTokens: readonly number[];
  readonly generationTokens: readonly number[];
}

const TIME_TO_FIRST_TOKEN = [
  0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400,
];
const INTER_TOKEN = [
  0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2,
  0.4, 0.6, 0.8, 1, 2, 4, 6, 8,
];
const END_TO_END = [...TIME_TO_FIRST_TOKEN, 600, 1200, 1800, 2400];
const TOKENS = [
  100, 300, 500, 700, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 12_500,
  15_000, 17_500, 20_000, 22_500, 25_000, 27_500, 30_000, 35_000, 40_000, 60_000, 80_000, 100_000,
  200_000, 300_000, 400_000, 600_000, 800_000, 1_000_000, 1_100_000,
];

/** The bounds that the flags say, else SGLang's of 2026. */
export function resolveBuckets(args: ServerArgs): Buckets {
  return {
    timeToFirstToken: args.bucketTimeToFirstToken ?? TIME_TO_FIRST_TOKEN,
    interToken: args.bucketInterTokenLatency ?? INTER_TOKEN,
    endToEnd: args.bucketE2eRequestLatency ?? END_TO_END,
    promptTokens: tokenBuckets(args.promptTokensBuckets),
    generationTokens: tokenBuckets(args.generationTokensBuckets),
  };
}

function tokenBuckets(rule: readonly string[] | null): readonly number[] {
  const bounds = bucketsOf(rule ?? ['default'], TOKENS);
  if (bounds === null) throw new Error('This is a bug: a bucket rule that the flags let through.');
  return bounds;
}
