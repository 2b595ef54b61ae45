// Process of the peer: node llama-child.js GGUF THREADS
import { serveSide } from '../lib/child-side.js';
import {
  loadLlamaModel,
  nextToken,
  type LlamaModel,
  type LlamaSequence,
} from '../lib/node-llama.js';
import { RandomIds } from '../lib/random-ids.js';
import type { Workload } from './workload.js';

/** Its default, and its largest micro batch. */
const BATCH_TOKENS = 512;

/** llama.cpp without any server around it, which is to its advantage. */
class LlamaEngine {
  private readonly sequences = new Map<string, LlamaSequence[]>();

  constructor(
    private readonly model: LlamaModel,
    private readonly threads: number,
  ) {}

  /** Milliseconds of the timed part. */
  async run(workload: Workload): Promise<number> {
    return workload.kind === 'prefill' ? this.prefill(workload) : this.decode(workload);
  }

  private async prefill({
    numTokens,
    numPrompts,
    seed,
  }: Workload & { kind: 'prefill' }): Promise<number> {
    const [sequence] = await this.sequencesFor(1, numTokens + 1);
    const random = new RandomIds(seed);
    let totalMs = 0;
    for (let i = 0; i < numPrompts; i++) {
      await sequence?.clearHistory();
      const ids = random.ids(numTokens);
      const start = performance.now();
      if (sequence !== undefined) await nextToken(sequence, ids);
      totalMs += performance.now() - start;
    }
    return totalMs;
  }

  private async decode({
    batch,
    context,
    steps,
    seed,
  }: Workload & { kind: 'decode' }): Promise<number> {
    const sequences = await this.sequencesFor(batch, context + steps + 1);
    const random = new RandomIds(seed);
    await Promise.all(sequences.map((sequence) => sequence.clearHistory()));
    let tokens = await Promise.all(
      sequences.map((sequence) => nextToken(sequence, random.ids(context))),
    );
    const start = performance.now();
    for (let step = 0; step < steps; step++) {
      // Calls of one turn of the event loop go into one batch.
      tokens = await Promise.all(
        sequences.map((sequence, i) => nextToken(sequence, [tokens[i] ?? 0])),
      );
    }
    return performance.now() - start;
  }

  /** A context for each batch size, so that a small batch does not pay for a large one. */
  private async sequencesFor(batch: number, contextSize: number): Promise<LlamaSequence[]> {
    const key = `${batch} x ${contextSize}`;
    const kept = this.sequences.get(key);
    if (kept !== undefined) return kept;
    const context = await this.model.createContext({
      sequences: batch,
      contextSize,
      batchSize: BATCH_TOKENS,
      threads: this.threads,
      flashAttention: true,
    });
    const sequences = Array.from({ length: batch }, () => context.getSequence());
    this.sequences.set(key, sequences);
    return sequences;
  }
}

const [gguf = '', threads = '2'] = process.argv.slice(2);

async function ready(): Promise<(workload: Workload) => Promise<number>> {
  const engine = new LlamaEngine(await loadLlamaModel(gguf, Number(threads)), Number(threads));
  return (workload) => engine.run(workload);
}

await serveSide(ready());
