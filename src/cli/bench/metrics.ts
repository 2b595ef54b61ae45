/** One request as it was measured; times in milliseconds of one clock. */
export interface RequestResult {
  /** Null = it succeeded. */
  readonly error: string | null;
  readonly startMs: number;
  /** From its start to the first text. */
  readonly ttftMs: number;
  /** Gaps between tokens behind the first: where one event brings several tokens, its gap shared among them. */
  readonly itlsMs: readonly number[];
  /** From its start to the last event. */
  readonly latencyMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Of the prompt; null = the server does not say. */
  readonly cachedTokens: number | null;
}

/** Of many measurements; all 0 where there are none, as in SGLang. */
export interface Distribution {
  readonly mean: number;
  readonly median: number;
  /** Of a population. */
  readonly std: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What SGLang's bench_serving says of a run, by the same arithmetic. */
export interface Metrics {
  readonly completed: number;
  readonly failed: number;
  readonly durationS: number;
  readonly totalInput: number;
  readonly totalOutput: number;
  /** Null = the server does not say. */
  readonly totalCached: number | null;
  /** A second, over the whole run. */
  readonly requestThroughput: number;
  readonly inputThroughput: number;
  readonly outputThroughput: number;
  readonly totalThroughput: number;
  /** Most tokens that came within one second of the run. */
  readonly peakOutputTokens: number;
  /** Most requests that ran within one second of the run. */
  readonly peakConcurrency: number;
  /** Requests that ran at a moment, on average. */
  readonly concurrency: number;
  readonly e2eMs: Distribution;
  readonly ttftMs: Distribution;
  /** Time per output token behind the first, of each request. */
  readonly tpotMs: Distribution;
  readonly itlMs: Distribution;
}

export function metricsOf(results: readonly RequestResult[], durationS: number): Metrics {
  const done = results.filter(({ error }) => error === null);
  const totalInput = sum(done.map((one) => one.promptTokens));
  const totalOutput = sum(done.map((one) => one.outputTokens));
  const cached = done.flatMap(({ cachedTokens }) => (cachedTokens === null ? [] : [cachedTokens]));
  const latencies = done.map((one) => one.latencyMs);
  const peaks = peaksOf(done);
  const perSecond = (count: number): number => (durationS > 0 ? count / durationS : 0);
  return {
    completed: done.length,
    failed: results.length - done.length,
    durationS,
    totalInput,
    totalOutput,
    totalCached: cached.length === 0 ? null : sum(cached),
    requestThroughput: perSecond(done.length),
    inputThroughput: perSecond(totalInput),
    outputThroughput: perSecond(totalOutput),
    totalThroughput: perSecond(totalInput + totalOutput),
    ...peaks,
    concurrency: perSecond(sum(latencies) / 1000),
    e2eMs: distribution(latencies),
    ttftMs: distribution(done.map((one) => one.ttftMs)),
    tpotMs: distribution(done.flatMap(tpotOf)),
    itlMs: distribution(done.flatMap((one) => one.itlsMs)),
  };
}

function tpotOf({ latencyMs, ttftMs, outputTokens }: RequestResult): readonly number[] {
  return outputTokens > 1 ? [(latencyMs - ttftMs) / (outputTokens - 1)] : [];
}

export function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.length === 0 ? 0 : sum(sorted) / sorted.length;
  const variance = sum(sorted.map((value) => (value - mean) ** 2)) / Math.max(sorted.length, 1);
  return {
    mean,
    median: percentile(sorted, 50),
    std: Math.sqrt(variance),
    p90: percentile(sorted, 90),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    max: sorted.at(-1) ?? 0,
  };
}

/** Between the two nearest in proportion, as numpy's default. @param sorted ascending; 0 where it is empty */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const place = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}

/** Seconds are counted from the first request's start. */
function peaksOf(
  done: readonly RequestResult[],
): Pick<Metrics, 'peakOutputTokens' | 'peakConcurrency'> {
  const start = done.reduce((least, { startMs }) => Math.min(least, startMs), Infinity);
  const second = (ms: number): number => Math.floor((ms - start) / 1000);
  const tokens = new Map<number, number>();
  const requests = new Map<number, number>();
  for (const { startMs, ttftMs, itlsMs, latencyMs } of done) {
    let atMs = startMs + ttftMs;
    count(tokens, second(atMs));
    for (const itlMs of itlsMs) count(tokens, second((atMs += itlMs)));
    const last = second(startMs + latencyMs);
    for (let at = second(startMs); at <= last; at++) count(requests, at);
  }
  return { peakOutputTokens: most(tokens), peakConcurrency: most(requests) };
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function most(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((a, b) => Math.max(a, b), 0);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const one of numbers) total += one;
  return total;
}
