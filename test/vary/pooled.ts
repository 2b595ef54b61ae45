import type { EmbedSequence } from '../../src/core/batch.js';
import { openEmbedDevice } from '../../src/device/embed/embed-device.js';
import { preparePooled, type PooledGolden } from '../unit/model/pooled-golden.js';

const ORT = { numThreads: 1, spinning: false };

/** The largest difference of a number of a vector, for texts alone and for all in one plan. */
export async function pooledError(folder: string, golden: PooledGolden): Promise<number> {
  const model = await preparePooled(folder, golden.isEmbedding);
  const { embedding } = model.spec;
  if (embedding === null) throw new Error('it does not embed');
  const { runner, release } = await openEmbedDevice(model, embedding, ORT);
  const errorOf = async (expected: PooledGolden['sequences']): Promise<number> => {
    const { vectors } = await runner.execute(
      { step: 0, sequences: expected.map(sequenceOf), recordsExperts: false },
      () => undefined,
    );
    const values = expected.flatMap(({ vector }) => vector);
    if (vectors.length !== values.length) {
      throw new Error(`${vectors.length} numbers instead of ${values.length}`);
    }
    const errors = values.map((value, i) => Math.abs(value - (vectors[i] ?? NaN)));
    return errors.reduce((most, error) => (error <= most ? most : error), 0);
  };
  const errors = [await errorOf(golden.sequences)];
  for (const sequence of golden.sequences) errors.push(await errorOf([sequence]));
  await release();
  return errors.reduce((most, error) => (error <= most ? most : error));
}

function sequenceOf({ tokens, tokenTypes }: PooledGolden['sequences'][number]): EmbedSequence {
  return {
    tokens: Int32Array.from(tokens),
    tokenTypes: tokenTypes && Int32Array.from(tokenTypes),
  };
}
