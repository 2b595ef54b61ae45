import { FULLY_DETERMINISTIC, type DeviceFacts } from '../../core/device-facts.js';
import type { EmbeddingSpec, ModelSpec } from '../../core/model-spec.js';
import type { PreparedModel } from '../../model/graph/contract.js';
import { EmbedRunner } from './embed-runner.js';
import { OrtSession, type OrtOptions } from '../ort.js';
import { ProbeError } from '../probe-error.js';

/** A loaded model that can run embed steps. It has no slots and no pages. */
export interface EmbedDevice {
  readonly runner: EmbedRunner;
  readonly facts: DeviceFacts;
  /** It takes none. */
  readonly adapters: null;
  readonly release: () => Promise<void>;
}

/** Lengths of the probe's sequences, the longest first. */
const PROBE_LENGTHS = [7, 4, 1] as const;
/** Largest difference between a sequence alone and beside longer ones, as part of its largest value. */
const PROBE_TOLERANCE = 1e-3;

/** Loads the weights and proves that padding changes nothing. Throws when any of it fails. */
export async function openEmbedDevice(
  model: PreparedModel,
  embedding: EmbeddingSpec,
  options: OrtOptions,
): Promise<EmbedDevice> {
  const session = await OrtSession.create(model, options);
  const runner = new EmbedRunner(session, { ...embedding, moe: model.spec.moe });
  await probeEmbedding(runner, model.spec, embedding.dim);
  const facts = { kind: 'cpu', determinism: FULLY_DETERMINISTIC } as const;
  return { runner, facts, adapters: null, release: () => session.release() };
}

/** Sequences of several lengths in one run must give what each gives alone. */
async function probeEmbedding(runner: EmbedRunner, spec: ModelSpec, dim: number): Promise<void> {
  const sequences = PROBE_LENGTHS.filter((length) => length <= spec.contextLength).map(
    (length) => ({
      tokens: Int32Array.from({ length }, (_, i) => (i * 31 + length) % spec.vocabSize),
      tokenTypes: null,
    }),
  );
  const together = await runner.run(sequences);
  const perToken = together.length > sequences.length * dim;
  let first = 0;
  for (const sequence of sequences) {
    const alone = await runner.run([sequence]);
    const largest = alone.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const differs = alone.some((value, i) => {
      const beside = together[first + i] ?? NaN;
      // No number, as of a text without the tokens that pooling looks for, is the same too.
      if (Object.is(value, beside)) return false;
      const error = Math.abs(value - beside);
      return !(error <= PROBE_TOLERANCE * Math.max(largest, 1));
    });
    first += perToken ? sequence.tokens.length * dim : dim;
    if (differs) {
      throw new ProbeError('the runtime computes a text beside longer ones differently than alone');
    }
  }
}
