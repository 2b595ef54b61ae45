import type { AskOptions, HttpClient } from '../client/http-client.js';
import type { TextOutput } from '../command.js';
import { runLoad } from './load.js';
import { measure, type MeasuredRequest, type MeasureOptions } from './measure.js';
import type { Target } from './meet.js';
import { metricsOf, type Metrics } from './metrics.js';
import type { BenchOptions } from './options.js';
import { BenchProgress } from './progress.js';
import { promptMaker } from './prompts.js';
import { createRandom } from './random.js';
import { rowsOf } from './workload.js';

/** SGLang's: enough to warm up. */
const WARMUP_OUTPUT = 32;

/** What came of a run. */
export interface BenchResult {
  readonly results: readonly MeasuredRequest[];
  readonly metrics: Metrics;
}

export interface BenchParts {
  readonly client: HttpClient;
  readonly target: Target;
  readonly options: BenchOptions;
  readonly asking: AskOptions & { readonly signal: AbortSignal };
  readonly err: TextOutput;
}

/** Warms a server up and measures it. @returns null when no warm-up got an answer, and `err` says why. @throws ClientError */
export async function bench(parts: BenchParts): Promise<BenchResult | null> {
  const { client, target, options, asking, err } = parts;
  const random = createRandom(options.seed);
  const maker = await promptMaker(client, { ...target, ...asking, random });
  const rows = rowsOf(options.workload, maker, random);
  const now = (): number => performance.now();
  const measuring: MeasureOptions = {
    ...target,
    ...options,
    model: target.model,
    keepsText: options.outputDetails,
    signal: asking.signal,
    now,
  };
  const send = (row: (typeof rows)[number]): Promise<MeasuredRequest> =>
    measure(client, row, measuring);
  const warmup = rows.slice(0, 1).flatMap((row) => {
    const outputLen = Math.min(row.outputLen, WARMUP_OUTPUT);
    return Array.from({ length: options.warmupRequests }, () => ({ ...row, outputLen }));
  });
  const load = { ...options, random, signal: asking.signal };
  const warm = await runLoad(warmup, send, { ...load, requestRate: Infinity });
  const [first] = warm;
  if (first !== undefined && warm.every(({ error }) => error !== null)) {
    err.write(`${first.error ?? ''}\n`);
    return null;
  }
  if (options.flushesCache) await flushCache(client, asking);
  const progress = new BenchProgress(err, rows.length, now);
  const startMs = now();
  const results = await runLoad(
    rows,
    async (row) => {
      const result = await send(row);
      progress.done(result.outputTokens);
      return result;
    },
    load,
  );
  const durationS = (now() - startMs) / 1000;
  progress.end();
  return { results, metrics: metricsOf(results, durationS) };
}

/** @throws ClientError of a server that has no such route */
async function flushCache(client: HttpClient, asking: AskOptions): Promise<void> {
  const answer = await client.post('/flush_cache', '{}', asking);
  answer.resume();
}
