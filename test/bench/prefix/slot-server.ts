import {
  nextToken,
  type LlamaContext,
  type LlamaModel,
  type LlamaSequence,
} from '../lib/node-llama.js';
import { commonPrefix, PromptCache } from './prompt-cache.js';
import type { RequestTiming } from './workload.js';

/** Default of llama-server's `--slot-prompt-similarity`. */
const LEAST_SIMILARITY = 0.1;
/** A slot that would lose more than this share of what it holds is saved first. */
const LEAST_KEPT = 0.5;

interface Slot {
  readonly sequence: LlamaSequence;
  busy: boolean;
  lastUsed: number;
}

/**
 * Serves requests as llama.cpp's own server does, on node-llama-cpp, which has none: parallel slots whose
 * sequences decode in one batch. A request takes the idle slot that shares the longest prefix with it, or the
 * one that was used longest ago, whose state then moves to the prompt cache for a better one from there.
 */
export class SlotServer {
  private uses = 0;
  private readonly cache = new PromptCache();

  private constructor(private readonly slots: readonly Slot[]) {}

  static async create(
    model: LlamaModel,
    options: Parameters<LlamaModel['createContext']>[0],
  ): Promise<SlotServer> {
    const context: LlamaContext = await model.createContext(options);
    const slots = Array.from({ length: options.sequences }, () => ({
      sequence: context.getSequence(),
      busy: false,
      lastUsed: 0,
    }));
    return new SlotServer(slots);
  }

  /** The caller has no more requests under way than there are slots. */
  async complete(inputIds: readonly number[], numTokens: number): Promise<RequestTiming> {
    const start = performance.now();
    const slot = this.takeSlot(inputIds);
    const { sequence } = slot;
    await this.prepare(sequence, inputIds);
    const cachedTokens = sharedPrefix(sequence, inputIds);
    await sequence.adaptStateToTokens(inputIds.slice(0, cachedTokens), false);
    let token = await nextToken(sequence, inputIds.slice(cachedTokens));
    const ttftMs = performance.now() - start;
    for (let made = 1; made < numTokens; made++) token = await nextToken(sequence, [token]);
    slot.busy = false;
    slot.lastUsed = ++this.uses;
    return { ttftMs, cachedTokens };
  }

  private async prepare(sequence: LlamaSequence, inputIds: readonly number[]): Promise<void> {
    const held = sequence.contextTokens;
    const shared = commonPrefix(held, inputIds);
    const fits = shared > LEAST_SIMILARITY * inputIds.length && shared >= LEAST_KEPT * held.length;
    if (fits || held.length === 0) return;
    await this.cache.save(sequence);
    await this.cache.load(sequence, inputIds);
  }

  private takeSlot(inputIds: readonly number[]): Slot {
    const idle = this.slots
      .filter((slot) => !slot.busy)
      .sort((a, b) => a.lastUsed - b.lastUsed)
      .map((slot) => ({ slot, shared: sharedPrefix(slot.sequence, inputIds) }));
    const longest = idle.reduce((best, next) => (next.shared > best.shared ? next : best));
    const chosen = longest.shared > LEAST_SIMILARITY * inputIds.length ? longest : idle[0];
    if (chosen === undefined) throw new Error('this is a bug: no idle slot');
    chosen.slot.busy = true;
    return chosen.slot;
  }
}

/** Tokens of the prompt that the sequence holds; the last one is always computed again. */
function sharedPrefix(sequence: LlamaSequence, inputIds: readonly number[]): number {
  return Math.min(commonPrefix(sequence.contextTokens, inputIds), inputIds.length - 1);
}
