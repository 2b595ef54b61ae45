import { treeKey, type DeviceState, type LoadTotals } from '../../../messages.js';
import { Newest } from './newest.js';
import type { DeviceName, HitSample, RateSample } from './types.js';

/** Two minutes. */
const SAMPLES_MAX = 120;
const SAMPLE_MS = 1000;

type Counts = Pick<LoadTotals, 'prefillTokens' | 'cachedTokens' | 'decodeTokens'>;

const NONE: Counts = { prefillTokens: 0, cachedTokens: 0, decodeTokens: 0 };

/** Tokens of all devices together, a sample a second. */
export class TokenRates {
  readonly rates = new Newest<RateSample>(SAMPLES_MAX);
  readonly hits = new Newest<HitSample>(SAMPLES_MAX);
  #lastMs: number | null = null;
  #last = new Map<DeviceName, Counts>();

  /** Whether it is time for a sample. */
  isDue(nowMs: number): boolean {
    return this.#lastMs === null || nowMs - this.#lastMs >= SAMPLE_MS;
  }

  /** @returns whether it was time for a sample. `nowMs` are epoch milliseconds. */
  sample(devices: readonly DeviceState[], nowMs: number): boolean {
    if (!this.isDue(nowMs)) return false;
    const lastMs = this.#lastMs;
    const counts = new Map(devices.map(({ device, load }) => [treeKey(device), load.totals]));
    if (lastMs !== null)
      this.#add(differenceOf(this.#last, counts), nowMs, (nowMs - lastMs) / 1000);
    this.#lastMs = nowMs;
    this.#last = counts;
    return true;
  }

  #add({ prefillTokens, cachedTokens, decodeTokens }: Counts, at: number, seconds: number): void {
    const rate = (numTokens: number): number => Number((numTokens / seconds).toFixed(2));
    this.rates.push({
      at,
      prompt: rate(prefillTokens),
      cached: rate(cachedTokens),
      output: rate(decodeTokens),
    });
    const prompt_tokens = prefillTokens + cachedTokens;
    if (prompt_tokens > 0) this.hits.push({ at, prompt_tokens, cached_tokens: cachedTokens });
  }
}

/** A device that has come since counts from its beginning. */
function differenceOf(
  before: ReadonlyMap<DeviceName, Counts>,
  now: ReadonlyMap<DeviceName, Counts>,
): Counts {
  const sum = { ...NONE };
  for (const [name, counts] of now) {
    const old = before.get(name) ?? NONE;
    sum.prefillTokens += counts.prefillTokens - old.prefillTokens;
    sum.cachedTokens += counts.cachedTokens - old.cachedTokens;
    sum.decodeTokens += counts.decodeTokens - old.decodeTokens;
  }
  return sum;
}
