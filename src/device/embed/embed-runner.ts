import type { EmbedPlan, EmbedResult, EmbedSequence } from '../../core/batch.js';
import { isPerToken, type EmbeddingSpec, type MoeSpec } from '../../core/model-spec.js';
import { EMBED_INPUTS, EMBED_OUTPUTS, expertsName } from '../../model/graph/contract.js';
import { packByLength } from './embed-packing.js';
import { poolFeeds } from './pool-feeds.js';
import { RoutingRecord, type RoutedRow } from '../routing-record.js';
import { tensorOf, type OrtSession, type Tensors } from '../ort.js';

/**
 * Most tokens of a run, padding included, unless one sequence alone is longer. What is computed of so many stays in a
 * CPU's caches, and fewer take no less time each (docs/decisions/0026-embedding-against-openvino.md).
 */
const RUN_TOKENS = 512;
const SPARSE_RUN_TOKENS = 256;

/** What it answers with, and the layers that route on the way there. */
type EmbedRunnerSpec = EmbeddingSpec & { readonly moe: MoeSpec | null };

/** Executes embed plans: whole sequences in, one vector each out. Nothing outlives a plan. */
export class EmbedRunner {
  readonly #session: OrtSession;
  readonly #spec: EmbedRunnerSpec;

  constructor(session: OrtSession, spec: EmbedRunnerSpec) {
    this.#session = session;
    this.#spec = spec;
  }

  /** `betweenRuns` is called before each run of the model. */
  async execute(plan: EmbedPlan, betweenRuns: () => void): Promise<EmbedResult> {
    const start = performance.now();
    const { dim, moe } = this.#spec;
    const routing = plan.recordsExperts && moe !== null ? new RoutingRecord(moe) : null;
    const lengths = plan.sequences.map(({ tokens }) => tokens.length);
    const places = this.#places(lengths);
    const vectors = new Float32Array(places.numVectors * dim);
    for (const run of packByLength(lengths, this.#runTokens)) {
      betweenRuns();
      const sequences = run.flatMap((index) => plan.sequences[index] ?? []);
      const rows = await this.run(sequences, routing && { routing, planRows: run });
      let read = 0;
      for (const index of run) {
        const count = places.countOf(index) * dim;
        vectors.set(rows.subarray(read, read + count), (places.first[index] ?? 0) * dim);
        read += count;
      }
    }
    const computeUs = Math.round((performance.now() - start) * 1000);
    const startMs = performance.timeOrigin + start;
    const shape = { dim, isPerToken: isPerToken(this.#spec) };
    const routed = routing?.result() ?? null;
    return { step: plan.step, ...shape, vectors, routing: routed, computeUs, startMs };
  }

  /** `[sequences.length, dim]`, or `[all tokens, dim]`; the first sequence is the longest. */
  async run(
    sequences: readonly EmbedSequence[],
    recorded: RecordedRun | null = null,
  ): Promise<Float32Array> {
    const { dim, pooling } = this.#spec;
    const lengths = sequences.map(({ tokens }) => tokens.length);
    const { numVectors } = this.#places(lengths);
    const vectors = new Float32Array(numVectors * dim);
    const chosen = this.#choices(recorded === null ? 0 : sequences.length * widthOf(sequences));
    const fetches = {
      ...chosen.fetches,
      [EMBED_OUTPUTS.stopCopy]: null,
      [EMBED_OUTPUTS.vectors]: tensorOf('float32', vectors, [numVectors, dim]),
    };
    await this.#session.run(
      { ...tokenFeeds(sequences), ...poolFeeds({ lengths, width: widthOf(sequences) }, pooling) },
      fetches,
    );
    recorded?.routing.add(rowsOf(sequences, recorded.planRows), chosen.layers);
    return vectors;
  }

  /** Room for the choices of a run's tokens, padding included; none = nobody asks for them. */
  #choices(numTokens: number) {
    const { layers: routed = [], topK = 0 } = numTokens === 0 ? {} : (this.#spec.moe ?? {});
    const layers = routed.map(() => new BigInt64Array(numTokens * topK));
    const fetches = routed.map((layer, at) => {
      const choices = layers[at] ?? new BigInt64Array();
      return [expertsName(layer), tensorOf('int64', choices, [numTokens, topK])] as const;
    });
    return { layers, fetches: Object.fromEntries(fetches) };
  }

  /** A row of the vocabulary's width for each token is much. */
  get #runTokens(): number {
    return this.#spec.kind === 'sparse' ? SPARSE_RUN_TOKENS : RUN_TOKENS;
  }

  /** Where the vectors of each sequence begin, in the order of the sequences. */
  #places(lengths: readonly number[]) {
    const countOf = (index: number): number => (isPerToken(this.#spec) ? (lengths[index] ?? 0) : 1);
    let numVectors = 0;
    const first = lengths.map((_, index) => {
      numVectors += countOf(index);
      return numVectors - countOf(index);
    });
    return { numVectors, first, countOf };
  }
}

/** A run whose experts are recorded, and which sequences of the plan it has. */
interface RecordedRun {
  readonly routing: RoutingRecord;
  readonly planRows: readonly number[];
}

/** The tokens of a run without its padding. */
function rowsOf(sequences: readonly EmbedSequence[], planRows: readonly number[]): RoutedRow[] {
  const width = widthOf(sequences);
  return sequences.flatMap(({ tokens }, at) =>
    Array.from(tokens, (token, position) => {
      const runRow = at * width + position;
      return { runRow, planRow: planRows[at] ?? 0, position, token };
    }),
  );
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

/** An even number: causal attention has a kernel of its own for a row that is left over (graph/contract.ts). */
function widthOf(sequences: readonly EmbedSequence[]): number {
  return Math.ceil(Math.max(...sequences.map(({ tokens }) => tokens.length)) / 2) * 2;
}
