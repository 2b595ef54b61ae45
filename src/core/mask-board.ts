/**
 * Shared memory between the grammar thread, which writes masks, and a device, which waits for them. Slot i
 * has a head `[ticket, state]` and a mask `[numWords]`: bit `id % 32` of word `id / 32` = the token may come.
 */
export interface MaskBoardShape {
  readonly numSlots: number;
  readonly vocabSize: number;
}

const HEAD_WORDS = 2;
const READY = 1;
const FAILED = 2;

export class MaskBoard {
  readonly shared: SharedArrayBuffer;
  readonly #heads: Int32Array;
  readonly #masks: Int32Array;
  readonly #numWords: number;

  constructor(shape: MaskBoardShape, shared = allocate(shape)) {
    this.shared = shared;
    this.#numWords = numWordsOf(shape);
    const headWords = shape.numSlots * HEAD_WORDS;
    this.#heads = new Int32Array(shared, 0, headWords);
    this.#masks = new Int32Array(shared, headWords * Int32Array.BYTES_PER_ELEMENT);
  }

  /** The mask of a slot, a view `[numWords]`; to be written before {@link publish}, read after {@link wait}. */
  mask(slot: number): Int32Array {
    return this.#masks.subarray(slot * this.#numWords, (slot + 1) * this.#numWords);
  }

  /** The mask that `ticket` asked for is there, or never will be. */
  publish(slot: number, ticket: number, isReady: boolean): void {
    const head = slot * HEAD_WORDS;
    Atomics.store(this.#heads, head + 1, isReady ? READY : FAILED);
    Atomics.store(this.#heads, head, ticket);
    Atomics.notify(this.#heads, head);
  }

  /** What was published last for the slot; ticket 0 = nothing yet. */
  newest(slot: number): { readonly ticket: number; readonly isReady: boolean } {
    const head = slot * HEAD_WORDS;
    const ticket = Atomics.load(this.#heads, head);
    return { ticket, isReady: Atomics.load(this.#heads, head + 1) === READY };
  }

  /** Settles when something else than `ticket` may have been published for the slot. Keeps no thread alive. */
  async changed(slot: number, ticket: number): Promise<void> {
    await Atomics.waitAsync(this.#heads, slot * HEAD_WORDS, ticket).value;
  }

  /** Ends every {@link changed}, though nothing was published. */
  wakeAll(): void {
    for (let head = 0; head < this.#heads.length; head += HEAD_WORDS) {
      Atomics.notify(this.#heads, head);
    }
  }

  /** Blocks the thread until the mask of `ticket` is there, at most until `deadlineMs` of `performance.now()`. */
  wait(slot: number, ticket: number, deadlineMs: number): 'ready' | 'failed' | 'late' {
    const head = slot * HEAD_WORDS;
    for (;;) {
      const seen = Atomics.load(this.#heads, head);
      if (seen === ticket) break;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return 'late';
      Atomics.wait(this.#heads, head, seen, leftMs);
    }
    return Atomics.load(this.#heads, head + 1) === READY ? 'ready' : 'failed';
  }
}

function numWordsOf({ vocabSize }: MaskBoardShape): number {
  return Math.ceil(vocabSize / 32);
}

function allocate(shape: MaskBoardShape): SharedArrayBuffer {
  const words = shape.numSlots * (HEAD_WORDS + numWordsOf(shape));
  return new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT);
}
