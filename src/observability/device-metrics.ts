import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { acceptLength, acceptRate } from '../core/acceptance.js';
import type { DeviceState, DraftStats, LoadTotals, StateRead } from '../messages.js';
import { stateUsage, tokenUsage, utilization } from './usage.js';

/** Facts that are settled when the server starts; the same of every device. */
export interface MetricConstants {
  readonly maxTotalTokens: number;
  readonly pageSizeTokens: number;
  readonly contextLength: number;
  readonly weightBytes: number;
  readonly kvCacheBytes: number;
  /** Adapters that may run at once; 0 = LoRA is off. */
  readonly numLoraSlots: number;
}

type Read = (state: DeviceState) => number;

/** Gauges of one device: name → help and value. Names are SGLang's. */
const GAUGES: Readonly<Record<string, readonly [help: string, read: Read]>> = {
  num_running_reqs: ['The number of running requests.', (s) => s.numRunning],
  num_queue_reqs: ['The number of requests in the waiting queue.', (s) => s.load.numWaiting],
  num_grammar_queue_reqs: ['The number of requests in the grammar waiting queue.', () => 0],
  num_used_tokens: ['The number of used tokens.', (s) => s.numUsedTokens],
  token_usage: ['The token usage.', tokenUsage],
  full_token_usage: ['The token usage.', tokenUsage],
  kv_available_tokens: ['Free KV tokens.', (s) => s.kvPool.freeTokens],
  kv_evictable_tokens: ['Cached KV tokens that no request uses.', (s) => s.kvPool.cachedTokens],
  kv_used_tokens: ['KV tokens that requests hold.', (s) => s.kvPool.heldTokens],
  mamba_usage: ['Recurrent states that requests hold, of all places.', stateUsage],
  gen_throughput: ['The generation throughput (token/s).', (s) => s.lastGenThroughput],
  cache_hit_rate: ['The prefix cache hit rate.', (s) => s.load.cacheHitRate],
  decode_sum_seq_lens: ['The sum of all running sequence lengths.', (s) => s.load.sumSeqLens],
  num_retracted_reqs: ['The number of retracted requests.', (s) => s.load.numRetracted],
  new_token_ratio: ['The new token ratio.', (s) => s.load.newTokenRatio],
  spec_accept_length: ['Tokens of a pass of who speculates.', (s) => accepted(s, acceptLength)],
  spec_accept_rate: ['Correct drafts among those made.', (s) => accepted(s, acceptRate)],
  utilization: ['Running requests by their largest number.', utilization],
};

function loraGauges(numSlots: number): typeof GAUGES {
  return {
    lora_pool_slots_used: ['LoRA adapters of running requests.', (s) => s.load.numAdapters],
    lora_pool_slots_total: ['LoRA adapters that may run at once.', () => numSlots],
    lora_pool_utilization: ['The one by the other.', (s) => s.load.numAdapters / numSlots],
  };
}

function accepted({ load }: DeviceState, part: (drafts: DraftStats) => number): number {
  return load.drafts === null ? 0 : part(load.drafts);
}

type ReadTotal = (totals: LoadTotals) => number;

const COUNTERS: Readonly<Record<string, readonly [help: string, read: ReadTotal]>> = {
  num_retracted_requests_total: ['Requests that were retracted.', (t) => t.retractions],
  num_retracted_input_tokens_total: ['Their prompt tokens.', (t) => t.retractedInputTokens],
  num_retracted_output_tokens_total: ['Their output tokens.', (t) => t.retractedOutputTokens],
};

const MODES: Readonly<Record<string, ReadTotal>> = {
  prefill_compute: (t) => t.prefillTokens,
  prefill_cache: (t) => t.cachedTokens,
  decode: (t) => t.decodeTokens,
};

const BYTES_PER_GB = 1024 ** 3;
const QUEUE_TIME_BUCKETS = [
  0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90,
  100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1600, 1800, 2000, 2500, 3000,
];
const LABELS = ['engine_type', 'tp_rank', 'pp_rank', 'moe_ep_rank', 'dp_rank'] as const;

/** The scheduler's and devices' side of `/metrics`: set from one read of their state per scrape. */
export class DeviceMetrics {
  readonly #numDevices: number;
  readonly #gauges: readonly (readonly [Gauge, Read])[];
  readonly #counters: readonly (readonly [Counter, ReadTotal])[];
  readonly #realtime: Counter;
  readonly #paused: Gauge;
  readonly #queueTime: Histogram;

  constructor(
    registry: Registry,
    options: { readonly numDevices: number; readonly constants: MetricConstants },
  ) {
    const registers = [registry];
    const named = (name: string, help: string) => ({ name: `sglang:${name}`, help, registers });
    const labelNames = [...LABELS];
    this.#numDevices = options.numDevices;
    const { numLoraSlots } = options.constants;
    const gauges = numLoraSlots === 0 ? GAUGES : { ...GAUGES, ...loraGauges(numLoraSlots) };
    this.#gauges = Object.entries(gauges).map(
      ([name, [help, read]]) => [new Gauge({ ...named(name, help), labelNames }), read] as const,
    );
    this.#counters = Object.entries(COUNTERS).map(
      ([name, [help, read]]) => [new Counter({ ...named(name, help), labelNames }), read] as const,
    );
    this.#realtime = new Counter({
      ...named('realtime_tokens_total', 'Tokens computed or taken from the cache.'),
      labelNames: [...LABELS, 'mode'],
    });
    this.#paused = new Gauge({
      ...named('num_paused_reqs', 'Requests held by a pause, before any device: at rank 0.'),
      labelNames,
    });
    this.#queueTime = new Histogram({
      ...named('queue_time_seconds', 'Histogram of queueing time in seconds.'),
      labelNames,
      buckets: QUEUE_TIME_BUCKETS,
    });
    for (const [name, value] of constantsOf(options.constants)) {
      const gauge = new Gauge({ ...named(name, 'Settled at start.'), labelNames });
      for (let rank = 0; rank < this.#numDevices; rank++) gauge.set(this.#labels(rank), value);
    }
  }

  /** Sets all gauges and counters to one read of the state; `numHeld` = requests that a pause holds. */
  set({ devices }: StateRead, numHeld: number): void {
    this.#paused.set(this.#labels(0), numHeld);
    for (const [gauge] of this.#gauges) gauge.reset();
    for (const [counter] of this.#counters) counter.reset();
    this.#realtime.reset();
    // While a device is replaced, both generations of its rank count.
    for (const state of devices) this.#add(state);
  }

  /** Counts the wait of a request that began to run on this rank. */
  observeQueueTime(rank: number, seconds: number): void {
    this.#queueTime.observe(this.#labels(rank), seconds);
  }

  #add(state: DeviceState): void {
    const labels = this.#labels(state.device.rank);
    for (const [gauge, read] of this.#gauges) gauge.set(labels, read(state));
    for (const [counter, read] of this.#counters) counter.inc(labels, read(state.load.totals));
    for (const [mode, read] of Object.entries(MODES)) {
      this.#realtime.inc({ ...labels, mode }, read(state.load.totals));
    }
  }

  /** Labels of a rank; a lone device has no dp_rank, as in SGLang. */
  #labels(rank: number): Record<string, string | number> {
    const labels = { engine_type: 'unified', tp_rank: 0, pp_rank: 0, moe_ep_rank: 0 };
    return this.#numDevices > 1 ? { ...labels, dp_rank: rank } : labels;
  }
}

function constantsOf(constants: MetricConstants): readonly (readonly [string, number])[] {
  const { maxTotalTokens, pageSizeTokens } = constants;
  return [
    ['max_total_num_tokens', maxTotalTokens],
    ['page_size', pageSizeTokens],
    ['num_pages', Math.floor(maxTotalTokens / pageSizeTokens)],
    ['context_len', constants.contextLength],
    ['weight_memory_usage_gb', constants.weightBytes / BYTES_PER_GB],
    ['kv_cache_memory_usage_gb', constants.kvCacheBytes / BYTES_PER_GB],
  ];
}
