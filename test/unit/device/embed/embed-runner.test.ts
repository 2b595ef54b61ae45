import t from 'tap';

import type { EmbedSequence } from '../../../../src/core/batch.js';
import { openEmbedDevice, type EmbedDevice } from '../../../../src/device/embed/embed-device.js';
import {
  pooledFolder,
  pooledNames,
  preparePooled,
  readPooledGolden,
  type PooledGolden,
} from '../../model/pooled-golden.js';

const TOLERANCE = 1e-4;
const ORT = { numThreads: 1, spinning: false };

async function open(name: string): Promise<{ device: EmbedDevice; golden: PooledGolden }> {
  const golden = await readPooledGolden(name);
  const model = await preparePooled(pooledFolder(name), golden.isEmbedding);
  const { embedding } = model.spec;
  if (embedding === null) throw new Error(`${name} does not embed`);
  return { device: await openEmbedDevice(model, embedding, ORT), golden };
}

function sequenceOf({ tokens, tokenTypes }: PooledGolden['sequences'][number]): EmbedSequence {
  return {
    tokens: Int32Array.from(tokens),
    tokenTypes: tokenTypes && Int32Array.from(tokenTypes),
  };
}

/** Largest difference between the vectors of one plan and what transformers computed. */
async function largestError(
  { runner }: EmbedDevice,
  expected: PooledGolden['sequences'],
): Promise<number> {
  const plan = { step: 7, sequences: expected.map(sequenceOf) };
  const result = await runner.execute(plan, () => undefined);
  const values = expected.flatMap(({ vector }) => vector);
  if (result.step !== 7 || result.vectors.length !== values.length) return Infinity;
  const errors = values.map((value, i) => Math.abs(value - (result.vectors[i] ?? NaN)));
  return errors.reduce((most, error) => (error <= most ? most : error), 0);
}

for (const name of await pooledNames()) {
  t.test(`${name}: vectors agree with transformers`, async (t) => {
    const { device, golden } = await open(name);
    for (const sequence of golden.sequences) {
      const error = await largestError(device, [sequence]);
      t.ok(error < TOLERANCE, `${sequence.tokens.length} tokens alone (${error})`);
    }
    const mixed = await largestError(device, golden.sequences);
    t.ok(mixed < TOLERANCE, `all lengths in one plan (${mixed})`);
    const padded = golden.sequences
      .map(sequenceOf)
      .sort((a, b) => b.tokens.length - a.tokens.length);
    const together = await device.runner.run(padded);
    const last = golden.sequences.find(({ tokens }) => tokens.length === 1)?.vector ?? [];
    const row = together.subarray(-last.length);
    const error = Math.max(...last.map((value, i) => Math.abs(value - (row[i] ?? NaN))));
    t.ok(error < TOLERANCE, `one token beside forty (${error})`);
    const alone: number[] = [];
    for (const sequence of padded) alone.push(...(await device.runner.run([sequence])));
    const same = together.every((value, i) => Object.is(value, alone[i]));
    t.ok(same && alone.length === together.length, 'the same bits alone as beside others');
    await device.release();
  });
}

t.test('a plan asks for its mail before each run', async (t) => {
  const { device } = await open('bert-mean');
  const sequences = [40, 40, 2, 1].map((length) => ({
    tokens: new Int32Array(length).fill(3),
    tokenTypes: null,
  }));
  let numRuns = 0;
  await device.runner.execute({ step: 0, sequences }, () => {
    numRuns++;
  });
  t.equal(numRuns, 2, 'long ones, then short ones');
  await device.release();
});
