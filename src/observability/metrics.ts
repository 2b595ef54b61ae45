/** `/metrics`: SGLang's names for requests and devices (sglang-wire §6.5), in Prometheus' text format. */
import type { EventEmitter } from 'eventemitter3';
import { Counter, Histogram, Registry } from 'prom-client';
import type { StateRead } from '../messages.js';
import { DeviceMetrics, type MetricConstants } from './device-metrics.js';
import type { EngineEvents, ObservedRequest } from './engine-events.js';

const TTFT_BUCKETS = [
  0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400,
] as const;
const ITL_BUCKETS = [
  0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2,
  0.4, 0.6, 0.8, 1, 2, 4, 6, 8,
];
const E2E_BUCKETS = [...TTFT_BUCKETS, 600, 1200, 1800, 2400];
const TOKEN_BUCKETS = [1, 4, 16, 64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072];

export interface MetricsOptions {
  readonly modelName: string;
  readonly numDevices: number;
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
    this.#histograms = requestHistograms(this.#registry);
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

function requestHistograms(registry: Registry) {
  const histogram = (name: string, help: string, buckets: readonly number[]): Histogram =>
    new Histogram({ name: `sglang:${name}`, help, buckets: [...buckets], registers: [registry] });
  return {
    timeToFirstToken: histogram(
      'time_to_first_token_seconds',
      'Histogram of time to first token in seconds.',
      TTFT_BUCKETS,
    ),
    interToken: histogram(
      'inter_token_latency_seconds',
      'Histogram of inter-token latency in seconds.',
      ITL_BUCKETS,
    ),
    endToEnd: histogram(
      'e2e_request_latency_seconds',
      'Histogram of end-to-end request latency in seconds.',
      E2E_BUCKETS,
    ),
    promptTokens: histogram(
      'prompt_tokens_histogram',
      'Histogram of prompt token length.',
      TOKEN_BUCKETS,
    ),
    uncachedPromptTokens: histogram(
      'uncached_prompt_tokens_histogram',
      'Histogram of uncached prompt token length.',
      TOKEN_BUCKETS,
    ),
    generationTokens: histogram(
      'generation_tokens_histogram',
      'Histogram of generation token length.',
      TOKEN_BUCKETS,
    ),
  };
}
