import type { MoeSpec } from '../../../core/model-spec.js';
import type { ExpertMode, ExpertTally } from '../../../core/expert-recording.js';
import type { CacheReads } from '../../../engine/cache-reads.js';
import type { ExpertsState } from './types.js';

/** Between two reads of the counters. */
const READ_MS = 500;

export interface ExpertsTopicOptions {
  readonly cache: CacheReads;
  /** Null for a dense model. */
  readonly moe: MoeSpec | null;
  /** `--expert-distribution-recorder-mode` */
  readonly mode: ExpertMode | null;
}

/** How often each expert was taken. */
export class ExpertsTopic {
  readonly #options: ExpertsTopicOptions;
  #nextReadMs = 0;
  #state: ExpertsState | null = null;

  constructor(options: ExpertsTopicOptions) {
    this.#options = options;
  }

  async read(nowMs: number): Promise<void> {
    if (nowMs < this.#nextReadMs) return;
    this.#nextReadMs = nowMs + READ_MS;
    const { cache, moe, mode } = this.#options;
    const tally = moe === null || mode === null ? null : await cache.expertCounts();
    this.#state = stateOf(this.#options, tally);
  }

  /** Null before the first read. */
  get state(): ExpertsState | null {
    return this.#state;
  }
}

function stateOf({ moe, mode }: ExpertsTopicOptions, tally: ExpertTally | null): ExpertsState {
  const shape = moe === null ? {} : { top_k: moe.topK, num_experts: moe.numExperts };
  if (moe === null || mode === null || tally === null) {
    return { available: moe === null ? 'none' : 'off', recording: false, ...shape, layers: {} };
  }
  const { numExperts } = moe;
  const rowOf = (layer: number): number[] =>
    Array.from(tally.totals.subarray(layer * numExperts, (layer + 1) * numExperts));
  const layers = Object.fromEntries(moe.layers.map((layer) => [layer, rowOf(layer)]));
  return { available: 'yes', recording: tally.isOn, mode, ...shape, layers };
}
