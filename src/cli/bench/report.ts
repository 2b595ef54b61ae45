import type { Distribution, Metrics, RequestResult } from './metrics.js';
import { histogram } from './histogram.js';

const WIDTH = 50;
const LEFT = 40;

/** What was run, for the head of a report. */
export interface RunFacts {
  readonly backend: string;
  readonly model: string;
  readonly requestRate: number;
  /** Infinity = not set. */
  readonly maxConcurrency: number;
}

/** A table as SGLang's bench_serving prints it. */
export function table(facts: RunFacts, metrics: Metrics): string {
  const { maxConcurrency, requestRate } = facts;
  const { failed, totalCached } = metrics;
  return [
    '',
    title(' Serving Benchmark Result ', '='),
    row('Backend:', facts.backend),
    row('Model:', facts.model),
    row('Traffic request rate:', requestRate === Infinity ? 'inf' : String(requestRate)),
    row('Max request concurrency:', maxConcurrency === Infinity ? 'not set' : `${maxConcurrency}`),
    row('Successful requests:', `${metrics.completed}`),
    ...(failed === 0 ? [] : [row('Failed requests:', `${failed}`)]),
    row('Benchmark duration (s):', metrics.durationS),
    row('Total input tokens:', `${metrics.totalInput}`),
    ...(totalCached === null ? [] : [row('Total cached input tokens:', `${totalCached}`)]),
    row('Total generated tokens:', `${metrics.totalOutput}`),
    row('Request throughput (req/s):', metrics.requestThroughput),
    row('Input token throughput (tok/s):', metrics.inputThroughput),
    row('Output token throughput (tok/s):', metrics.outputThroughput),
    row('Peak output token throughput (tok/s):', metrics.peakOutputTokens),
    row('Peak concurrent requests:', `${metrics.peakConcurrency}`),
    row('Total token throughput (tok/s):', metrics.totalThroughput),
    row('Concurrency:', metrics.concurrency),
    title('End-to-End Latency', '-'),
    ...rows('E2E Latency', metrics.e2eMs),
    title('Time to First Token', '-'),
    ...rows('TTFT', metrics.ttftMs),
    title('Time per Output Token (excl. 1st token)', '-'),
    ...rows('TPOT', metrics.tpotMs),
    title('Inter-Token Latency', '-'),
    ...rows('ITL', metrics.itlMs),
    row('Max ITL (ms):', metrics.itlMs.max),
    '='.repeat(WIDTH),
    '',
  ].join('\n');
}

/** How TTFT and ITL spread, drawn. */
export function plots(results: readonly RequestResult[], isUtf8: boolean): string {
  const done = results.filter(({ error }) => error === null);
  const drawn = [
    ['TTFT (ms), one a request', done.map((one) => one.ttftMs)],
    ['ITL (ms), one a token', done.flatMap((one) => one.itlsMs)],
  ] as const;
  return drawn
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `\n${name}\n${histogram(values, isUtf8).join('\n')}\n`)
    .join('');
}

/** Which errors there were, each with how often. */
export function failures(results: readonly RequestResult[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { error } of results) {
    if (error !== null) counts.set(error, (counts.get(error) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([error, count]) => `${count} failed: ${error}`);
}

function rows(name: string, { mean, median, p90, p95, p99 }: Distribution): readonly string[] {
  const values = { Mean: mean, Median: median, P90: p90, P95: p95, P99: p99 };
  return Object.entries(values).map(([label, value]) => row(`${label} ${name} (ms):`, value));
}

function row(name: string, value: number | string): string {
  const shown = typeof value === 'number' ? value.toFixed(2) : value;
  return `${name.padEnd(LEFT)} ${shown.padEnd(10)}`.trimEnd();
}

/** Centred as Python's format does it. */
function title(text: string, fill: string): string {
  const left = Math.floor((WIDTH - text.length) / 2);
  return (fill.repeat(left) + text).padEnd(WIDTH, fill);
}
