/** `/metrics`: SGLang's names for requests and devices, in Prometheus' text format. */
import type { EventEmitter } from 'eventemitter3';
import { Counter, Histogram, Registry } from 'prom-client';
import type { StateRead } from '../messages.js';
import type { Buckets } from './buckets.js';
import { DeviceMetrics, type MetricConstants } from './device-metrics.js';
import type { EngineEvents, ObservedRequest } from './engine-events.js';

export interface MetricsOptions {
  readonly modelName: string;
  readonly numDevices: number;
  readonly buckets: Buckets;
  readonly constants: MetricConstants;
}

/** When a request's last token came, and how many it had then. */
interface Seen {
  readonly tokens: number;
  readonly atMs: number;
}

export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #devices: DeviceMetrics;
  readonly #counters: ReturnType<typeof requestCounters>;
  readonly #histograms: ReturnType<typeof requestHistograms>;
  readonly #seen = new WeakMap<ObservedRequest, Seen>();

  constructor(options: MetricsOptions) {
    this.#registry.setDefaultLabels({ model_name: options.modelName });
    this.#counters = requestCounters(this.#registry);
    this.#histograms = requestHistograms(this.#registry, options.buckets);
    this.#devices = new DeviceMetrics(this.#registry, options);
  }

  observe(events: EventEmitter<EngineEvents>): void {
    events.on('progressed', (request, nowMs) => {
      if (request.input.isUnmetered !== true) this.#progressed(request, nowMs);
    });
    events.on('finished', (request) => {
      if (request.input.isUnmetered !== true) this.#finished(request);
    });
  }

  /** Everything as of now; gauges come from `state`. `numHeld` = requests that wait for the end of a pause. */
  render(state: StateRead, numHeld: number): Promise<string> {
    this.#devices.set(state, numHeld);
    return this.#registry.metrics();
  }

  #progressed(request: ObservedRequest, nowMs: number): void {
    const seen = this.#seen.get(request);
    const tokens = request.outputIds.length;
    this.#seen.set(request, { tokens, atMs: nowMs });
    if (seen === undefined) {
      this.#histograms.timeToFirstToken.observe((nowMs - request.createdMs) / 1000);
      return;
    }
    const numNew = tokens - seen.tokens;
    const seconds = (nowMs - seen.atMs) / 1000 / numNew;
    for (let i = 0; i < numNew; i++) this.#histograms.interToken.observe(seconds);
  }

  #finished(request: ObservedRequest): void {
    const { inputIds, cachedTokens, outputIds, stats, createdMs, finishedMs } = request;
    const promptTokens = inputIds.length;
    this.#counters.requests.inc();
    if (request.finish?.type === 'abort') this.#counters.aborted.inc();
    this.#counters.promptTokens.inc(promptTokens);
    this.#counters.generationTokens.inc(outputIds.length);
    // SGLang says "total" only where it does not know the source: both would count them twice in a sum.
    if (cachedTokens > 0) this.#counters.cachedTokens.inc({ cache_source: 'device' }, cachedTokens);
    this.#histograms.promptTokens.observe(promptTokens);
    this.#histograms.uncachedPromptTokens.observe(promptTokens - cachedTokens);
    this.#histograms.generationTokens.observe(outputIds.length);
    this.#histograms.endToEnd.observe(((finishedMs ?? createdMs) - createdMs) / 1000);
    if (stats !== null && stats.dpRank !== null) {
      this.#devices.observeQueueTime(stats.dpRank, stats.queueMs / 1000);
    }
  }
}

function requestCounters(registry: Registry) {
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `sglang:${name}`, help, registers: [registry] });
  return {
    promptTokens: counter('prompt_tokens_total', 'Number of prefill tokens processed.'),
    generationTokens: counter('generation_tokens_total', 'Number of generation tokens processed.'),
    cachedTokens: new Counter({
      name: 'sglang:cached_tokens_total',
      help: 'Number of cached prompt tokens.',
      labelNames: ['cache_source'],
      registers: [registry],
    }),
    requests: counter('num_requests_total', 'Number of requests processed.'),
    aborted: counter('num_aborted_requests_total', 'Number of requests aborted.'),
  };
}

function requestHistograms(registry: Registry, buckets: Buckets) {
  const histogram = (name: string, help: string, bounds: readonly number[]): Histogram =>
    new Histogram({ name: `sglang:${name}`, help, buckets: [...bounds], registers: [registry] });
  return {
    timeToFirstToken: histogram(
      'time_to_first_token_seconds',
      'Histogram of time to first token in seconds.',
      buckets.timeToFirstToken,
    ),
    interToken: histogram(
      'inter_token_latency_seconds',
      'Histogram of inter-token latency in seconds.',
      buckets.interToken,
    ),
    endToEnd: histogram(
      'e2e_request_latency_seconds',
      'Histogram of end-to-end request latency in seconds.',
      buckets.endToEnd,
    ),
    promptTokens: histogram(
      'prompt_tokens_histogram',
      'Histogram of prompt token length.',
      buckets.promptTokens,
    ),
    uncachedPromptTokens: histogram(
      'uncached_prompt_tokens_histogram',
      'Histogram of uncached prompt token length.',
      buckets.promptTokens,
    ),
    generationTokens: histogram(
      'generation_tokens_histogram',
      'Histogram of generation token length.',
      buckets.generationTokens,
    ),
  };
}
