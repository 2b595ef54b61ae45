import { OrtSession, tensorOf, type Fetches, type Tensors } from '../../../src/device/ort.js';
import {
  GRAPH_INPUTS,
  GRAPH_OUTPUTS,
  pastName,
  presentName,
} from '../../../src/model/graph/contract.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';

/** A model that reads a text and says, at each position, how likely it held every next token. */
export class Teacher {
  private constructor(
    private readonly session: OrtSession,
    private readonly model: PreparedModel,
    private readonly window: number,
  ) {}

  static async load(model: PreparedModel, window: number, numThreads: number): Promise<Teacher> {
    const session = await OrtSession.create(model, { numThreads, spinning: true });
    return new Teacher(session, model, window);
  }

  /** `[tokens.length, vocab]` log-probabilities of one window, read from position 0. */
  async logprobs(tokens: readonly number[]): Promise<Float32Array> {
    return this.#output(tokens, GRAPH_OUTPUTS.logprobs);
  }

  /** The same before the softmax. */
  async logits(tokens: readonly number[]): Promise<Float32Array> {
    return this.#output(tokens, GRAPH_OUTPUTS.logits);
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  async #output(tokens: readonly number[], name: string): Promise<Float32Array> {
    const n = tokens.length;
    const { vocabSize } = this.model.spec;
    const ids = BigInt64Array.from(tokens, BigInt);
    const rows = BigInt64Array.from(tokens, (_, row) => BigInt(row));
    const output = new Float32Array(n * vocabSize);
    const feeds: Tensors = {
      [GRAPH_INPUTS.inputIds]: tensorOf('int64', ids, [1, n]),
      [GRAPH_INPUTS.seqlensK]: tensorOf('int32', Int32Array.of(n - 1), [1]),
      [GRAPH_INPUTS.totalLength]: tensorOf('int32', Int32Array.of(n), []),
      [GRAPH_INPUTS.headRows]: tensorOf('int64', rows, [n]),
      [GRAPH_INPUTS.temperature]: tensorOf('float32', new Float32Array(n).fill(1), [n]),
    };
    const fetches: Fetches = {
      [GRAPH_OUTPUTS.stopCopy]: null,
      [name]: tensorOf('float32', output, [n, vocabSize]),
    };
    this.#addCache(feeds, fetches);
    await this.session.run(feeds, fetches);
    return output;
  }

  #addCache(feeds: Tensors, fetches: Fetches): void {
    const { numLayers, numKvHeads, headDim } = this.model.spec;
    const dims = [1, numKvHeads, this.window, headDim];
    for (let layer = 0; layer < numLayers; layer++) {
      for (const part of ['key', 'value'] as const) {
        const data = new Float32Array(numKvHeads * this.window * headDim);
        const tensor = tensorOf('float32', data, dims);
        feeds[pastName(layer, part)] = tensor;
        fetches[presentName(layer, part)] = tensor;
      }
    }
  }
}
