import type { MeasuredRequest } from './measure.js';
import type { Distribution, Metrics } from './metrics.js';
import type { BenchOptions } from './options.js';
import type { Target } from './meet.js';

/** A result by the names that SGLang's bench_serving gives it. */
export function resultJson(
  options: BenchOptions,
  { dialect, model }: Target,
  metrics: Metrics,
): Readonly<Record<string, unknown>> {
  const { workload, requestRate, maxConcurrency, tag } = options;
  const random = workload.kind === 'random' ? workload : null;
  return {
    tag,
    backend: dialect.name,
    model,
    dataset_name: workload.kind,
    request_rate: requestRate === Infinity ? 'inf' : requestRate,
    max_concurrency: maxConcurrency === Infinity ? null : maxConcurrency,
    random_input_len: random?.inputLen ?? null,
    random_output_len: random?.outputLen ?? null,
    random_range_ratio: random?.rangeRatio ?? null,
    duration: metrics.durationS,
    completed: metrics.completed,
    failed: metrics.failed,
    total_input_tokens: metrics.totalInput,
    total_cached_tokens: metrics.totalCached,
    total_output_tokens: metrics.totalOutput,
    request_throughput: metrics.requestThroughput,
    input_throughput: metrics.inputThroughput,
    output_throughput: metrics.outputThroughput,
    total_throughput: metrics.totalThroughput,
    ...named('e2e_latency', metrics.e2eMs),
    ...named('ttft', metrics.ttftMs),
    ...named('tpot', metrics.tpotMs),
    ...named('itl', metrics.itlMs),
    max_itl_ms: metrics.itlMs.max,
    concurrency: metrics.concurrency,
    max_output_tokens_per_s: metrics.peakOutputTokens,
    max_concurrent_requests: metrics.peakConcurrency,
  };
}

/** Each request, times in seconds, as bench_serving's `--output-details`. */
export function detailsJson(
  results: readonly MeasuredRequest[],
): Readonly<Record<string, unknown>> {
  return {
    input_lens: results.map((one) => one.promptTokens),
    output_lens: results.map((one) => (one.error === null ? one.outputTokens : 0)),
    ttfts: results.map((one) => one.ttftMs / 1000),
    itls: results.map((one) => one.itlsMs.map((itlMs) => itlMs / 1000)),
    generated_texts: results.map((one) => one.text ?? ''),
    errors: results.map((one) => one.error ?? ''),
  };
}

function named(
  name: string,
  { mean, median, std, p90, p95, p99 }: Distribution,
): Readonly<Record<string, number>> {
  const values = { mean, median, std, p90, p95, p99 };
  return Object.fromEntries(
    Object.entries(values).map(([label, value]) => [`${label}_${name}_ms`, value]),
  );
}
