import type { EmbedPlan, EmbedResult, EmbedSequence } from '../../core/batch.js';
import type { EmbeddingSpec } from '../../core/model-spec.js';
import { EMBED_INPUTS, EMBED_OUTPUTS } from '../../model/graph/contract.js';
import { packByLength } from './embed-packing.js';
import { poolFeeds } from './pool-feeds.js';
import { tensorOf, type OrtSession, type Tensors } from '../ort.js';

/** Executes embed plans: whole sequences in, one vector each out. Nothing outlives a plan. */
export class EmbedRunner {
  readonly #session: OrtSession;
  readonly #spec: EmbeddingSpec;

  constructor(session: OrtSession, spec: EmbeddingSpec) {
    this.#session = session;
    this.#spec = spec;
  }

  /** `betweenRuns` is called before each run of the model. */
  async execute(plan: EmbedPlan, betweenRuns: () => void): Promise<EmbedResult> {
    const start = performance.now();
    const { dim } = this.#spec;
    const vectors = new Float32Array(plan.sequences.length * dim);
    const lengths = plan.sequences.map(({ tokens }) => tokens.length);
    for (const run of packByLength(lengths)) {
      betweenRuns();
      const rows = await this.run(run.flatMap((index) => plan.sequences[index] ?? []));
      run.forEach((index, row) => {
        vectors.set(rows.subarray(row * dim, (row + 1) * dim), index * dim);
      });
    }
    const computeUs = Math.round((performance.now() - start) * 1000);
    return { step: plan.step, dim, vectors, computeUs };
  }

  /** `[sequences.length, dim]`; the first sequence is the longest. */
  async run(sequences: readonly EmbedSequence[]): Promise<Float32Array> {
    const { dim, pooling } = this.#spec;
    const vectors = new Float32Array(sequences.length * dim);
    const fetches = {
      [EMBED_OUTPUTS.stopCopy]: null,
      [EMBED_OUTPUTS.vectors]: tensorOf('float32', vectors, [sequences.length, dim]),
    };
    const lengths = sequences.map(({ tokens }) => tokens.length);
    await this.#session.run({ ...tokenFeeds(sequences), ...poolFeeds(lengths, pooling) }, fetches);
    return vectors;
  }
}

/** Tokens of the sequences side by side, padded on the right with zeros. */
function tokenFeeds(sequences: readonly EmbedSequence[]): Tensors {
  const width = widthOf(sequences);
  const dims = [sequences.length, width];
  const ids = new BigInt64Array(sequences.length * width);
  const types = new BigInt64Array(sequences.length * width);
  sequences.forEach(({ tokens, tokenTypes }, row) => {
    ids.set(BigInt64Array.from(tokens, BigInt), row * width);
    if (tokenTypes !== null) types.set(BigInt64Array.from(tokenTypes, BigInt), row * width);
  });
  const seqlens = Int32Array.from(sequences, ({ tokens }) => tokens.length - 1);
  return {
    [EMBED_INPUTS.inputIds]: tensorOf('int64', ids, dims),
    [EMBED_INPUTS.tokenTypes]: tensorOf('int64', types, dims),
    [EMBED_INPUTS.seqlensK]: tensorOf('int32', seqlens, [sequences.length]),
    [EMBED_INPUTS.totalLength]: tensorOf('int32', Int32Array.of(width), []),
  };
}

function widthOf(sequences: readonly EmbedSequence[]): number {
  return Math.max(...sequences.map(({ tokens }) => tokens.length));
}
