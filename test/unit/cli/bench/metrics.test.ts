import { readFileSync } from 'node:fs';

import t from 'tap';

import { distribution, metricsOf, percentile } from '../../../../src/cli/bench/metrics.js';

interface Golden {
  readonly requests: readonly {
    readonly success: boolean;
    readonly start_time: number;
    readonly ttft: number;
    readonly itl: readonly number[];
    readonly latency: number;
    readonly prompt_len: number;
    readonly output_len: number;
  }[];
  readonly duration: number;
  readonly metrics: Readonly<Record<string, number>>;
}

const GOLDENS = JSON.parse(
  readFileSync(new URL('../../../../../test/fixtures/bench-goldens.json', import.meta.url), 'utf8'),
) as readonly Golden[];

t.test("the numbers are those of SGLang's calculate_metrics", (t) => {
  for (const { requests, duration, metrics: expected } of GOLDENS) {
    const results = requests.map((one) => ({
      error: one.success ? null : 'no',
      startMs: 1000 * one.start_time,
      ttftMs: 1000 * one.ttft,
      itlsMs: one.itl.map((itl) => 1000 * itl),
      latencyMs: 1000 * one.latency,
      promptTokens: one.prompt_len,
      outputTokens: one.output_len,
      cachedTokens: null,
    }));
    const metrics = metricsOf(results, duration);
    const found: Record<string, number> = {
      completed: metrics.completed,
      total_input: metrics.totalInput,
      total_output: metrics.totalOutput,
      request_throughput: metrics.requestThroughput,
      input_throughput: metrics.inputThroughput,
      output_throughput: metrics.outputThroughput,
      total_throughput: metrics.totalThroughput,
      concurrency: metrics.concurrency,
      max_output_tokens_per_s: metrics.peakOutputTokens,
      max_concurrent_requests: metrics.peakConcurrency,
      max_itl_ms: metrics.itlMs.max,
    };
    const distributions = {
      ttft: metrics.ttftMs,
      tpot: metrics.tpotMs,
      itl: metrics.itlMs,
      e2e_latency: metrics.e2eMs,
    };
    for (const [name, { mean, median, std, p90, p95, p99 }] of Object.entries(distributions)) {
      for (const [label, value] of Object.entries({ mean, median, std, p90, p95, p99 })) {
        found[`${label}_${name}_ms`] = value;
      }
    }
    for (const [name, value] of Object.entries(found)) {
      const golden = expected[name] ?? NaN;
      t.ok(Math.abs(value - golden) <= 1e-6 * Math.max(1, Math.abs(golden)), `${name}: ${value}`);
    }
    t.equal(metrics.failed, requests.filter(({ success }) => !success).length);
  }
  t.end();
});

t.test('percentiles lie between neighbours in proportion', (t) => {
  t.equal(percentile([1, 2, 3, 4], 50), 2.5);
  t.equal(percentile([10], 99), 10);
  t.equal(percentile([], 50), 0);
  t.ok(Math.abs(percentile([0, 10], 90) - 9) < 1e-9);
  t.end();
});

t.test('a run without an answer is all zeros', (t) => {
  t.match(distribution([]), { mean: 0, median: 0, std: 0, p99: 0, max: 0 });
  t.match(metricsOf([], 0), { completed: 0, outputThroughput: 0, peakConcurrency: 0 });
  t.equal(metricsOf([], 0).totalCached, null);
  t.end();
});
