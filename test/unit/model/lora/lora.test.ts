import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { LoraStore } from '../../../../src/device/lora/lora-store.js';
import { largestError } from '../golden.js';
import { GraphRunner } from '../run-graph.js';
import { prepareWithLora, readFor, readLoraGolden } from './lora-golden.js';

/** Of log-probabilities, beside peft's merged weights. */
const TOLERANCE = 1e-4;

const names = (await readdir(join('test', 'fixtures', 'lora'))).sort();
// That one is for the built-in model.
for (const name of names.filter((one) => one !== 'tiny')) {
  t.test(`${name}: as peft's merged weights, whole, in chunks and decoded`, async (t) => {
    const { base, inputIds, logprobs } = await readLoraGolden(name);
    const model = await prepareWithLora(base);
    const store = new LoraStore(model.spec.lora ?? []);
    store.load(7, await readFor(model, name));
    const runner = await GraphRunner.create(model, { slots: 2, lora: { store, of: () => 7 } });
    const whole = await runner.extend(0, 0, inputIds, null);
    t.ok(largestError(whole, logprobs) < TOLERANCE, `${largestError(whole, logprobs)}`);
    const chunked = await runner.prefillInChunks(1, inputIds, 5);
    t.same(chunked, whole);
    const [decoded] = await runner.decode([{ token: inputIds[12] ?? 0, position: 12 }]);
    const error = largestError([decoded ?? new Float32Array()], logprobs.slice(12, 13));
    t.ok(error < TOLERANCE, `${error}`);
  });
}

/** Mean KL in nats per token against the merged weights in f32, as without adapters (formats.test.ts). */
const LARGEST_KL = { w8a8_int8: 0.01, int8: 0.01, int4: 0.4 } as const;

for (const name of ['all', 'some', 'patterns', 'last', 'ends'].map((one) => `blocks-${one}`)) {
  for (const format of ['w8a8_int8', 'int8', 'int4'] as const) {
    t.test(`${name}: within the error of ${format}`, async (t) => {
      const { base, inputIds, logprobs } = await readLoraGolden(name);
      const model = await prepareWithLora(base, format);
      const store = new LoraStore(model.spec.lora ?? []);
      store.load(1, await readFor(model, name));
      const runner = await GraphRunner.create(model, { lora: { store, of: () => 1 } });
      const rows = await runner.extend(0, 0, inputIds, null);
      const kl = meanKl(rows, logprobs);
      t.ok(kl < LARGEST_KL[format], `${kl}`);
    });
  }
}

function meanKl(actual: readonly Float32Array[], expected: readonly (readonly number[])[]): number {
  const ofRows = expected.map((row, at) =>
    row.reduce((sum, logprob, id) => {
      return sum + Math.exp(logprob) * (logprob - (actual[at]?.[id] ?? NaN));
    }, 0),
  );
  return ofRows.reduce((sum, kl) => sum + kl, 0) / ofRows.length;
}
