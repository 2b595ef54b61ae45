import type { ModelBackend } from '../../../src/device/backend.js';
import { openCpuDevice } from '../../../src/device/cpu/cpu-device.js';
import { cutPrefill, PREFILL_HEAD_ROWS } from '../../../src/device/generate/prefill-runs.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';

/** A model on the CPU that reads a text and says, at each position, how likely it held every next token. */
export class Teacher {
  private constructor(
    private readonly device: ModelBackend,
    readonly vocabSize: number,
  ) {}

  /** `window` is the longest text. */
  static async load(model: PreparedModel, window: number, numThreads: number): Promise<Teacher> {
    // Even, so that the dummy row of an odd run has a place.
    const slotLength = window + (window % 2);
    const limits = { numSlots: 1, slotLength, numPages: 1, pageSizeTokens: 16 };
    const device = await openCpuDevice(model, limits, { numThreads, spinning: true });
    return new Teacher(device, model.spec.vocabSize);
  }

  /** `[tokens.length, vocab]` log-probabilities of one window, read from position 0. */
  async logprobs(tokens: readonly number[]): Promise<Float32Array> {
    return this.#read(tokens, ({ logprobs }) => logprobs);
  }

  /** The same before the softmax. */
  async logits(tokens: readonly number[]): Promise<Float32Array> {
    return this.#read(tokens, ({ logits }) => logits ?? new Float32Array(0));
  }

  async release(): Promise<void> {
    await this.device.release();
  }

  async #read(
    tokens: readonly number[],
    rowsOf: (head: ModelBackend['forward']['head']) => Float32Array,
  ): Promise<Float32Array> {
    const { kv, forward } = this.device;
    const output = new Float32Array(tokens.length * this.vocabSize);
    kv.open(0);
    const text = {
      slot: 0,
      position: 0,
      tokens: Int32Array.from(tokens),
      previousToken: -1,
      nextToken: -1,
      sample: false,
    };
    for (const run of cutPrefill(text, {
      ...forward.prefill,
      maxRows: PREFILL_HEAD_ROWS,
    })) {
      const length = kv.lengthOf(0);
      const numNew = run.endPosition - length;
      await forward.run({
        slots: [0],
        numDecoding: 0,
        counts: [run.tokens.length],
        tokens: run.tokens,
        numDummyRows: run.position + run.tokens.length - run.endPosition,
        lengths: Int32Array.of(run.position + run.tokens.length),
        headRows: Array.from({ length: numNew }, (_, i) => length - run.position + i),
        temperatures: new Array<number>(numNew).fill(1),
        wholeRows: new Array<boolean>(numNew).fill(true),
        wantLogits: true,
        hiddenRows: [],
        wantExperts: false,
      });
      const rows = rowsOf(forward.head).subarray(0, numNew * this.vocabSize);
      output.set(rows, length * this.vocabSize);
      kv.setLength(0, run.endPosition);
    }
    kv.free(0);
    return output;
  }
}
