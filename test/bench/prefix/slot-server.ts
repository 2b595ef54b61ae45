import {
  nextToken,
  type LlamaContext,
  type LlamaModel,
  type LlamaSequence,
} from '../lib/node-llama.js';
import type { RequestTiming } from './workload.js';

/** Default of llama-server's `--slot-prompt-similarity`. */
const LEAST_SIMILARITY = 0.1;

interface Slot {
  readonly sequence: LlamaSequence;
  busy: boolean;
  lastUsed: number;
}

/**
 * Serves requests as llama.cpp's own server does, on node-llama-cpp, which has none: parallel slots whose
 * sequences decode in one batch, and a prompt cache that is what each slot still holds. A request takes the
 * idle slot that shares the longest prefix with it, or the one that was used longest ago.
 */
export class SlotServer {
  private uses = 0;

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
    const cachedTokens = sharedPrefix(sequence, inputIds);
    await sequence.adaptStateToTokens(inputIds.slice(0, cachedTokens), false);
    let token = await nextToken(sequence, inputIds.slice(cachedTokens));
    const ttftMs = performance.now() - start;
    for (let made = 1; made < numTokens; made++) token = await nextToken(sequence, [token]);
    slot.busy = false;
    slot.lastUsed = ++this.uses;
    return { ttftMs, cachedTokens };
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
  const held = sequence.contextTokens;
  const limit = Math.min(held.length, inputIds.length - 1);
  let length = 0;
  while (length < limit && held[length] === inputIds[length]) length++;
  return length;
}
