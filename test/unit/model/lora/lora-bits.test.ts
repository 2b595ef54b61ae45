import t, { type Test } from 'tap';

import type { QuantizedFormat } from '../../../../src/core/model-spec.js';
import { LoraStore } from '../../../../src/device/lora/lora-store.js';
import { firstDifference } from '../bit-checks.js';
import { prepareGolden } from '../golden.js';
import { GraphRunner } from '../run-graph.js';
import { prepareWithLora, readFor, readLoraGolden } from './lora-golden.js';

const [BASE, ALL, SOME, PATTERNS, LAST, ENDS] = [0, 1, 2, 3, 4, 5];
const NAMES = ['', 'all', 'some', 'patterns', 'last', 'ends'];
/** One slot has each, and one none. */
const ADAPTERS = [ALL, SOME, BASE, PATTERNS, LAST, ALL, ENDS];

interface Rig {
  readonly store: LoraStore;
  runner(of: (slot: number) => number, numThreads?: number): Promise<GraphRunner>;
}

/** `family`: that of the adapters. */
async function rigOf(family: string, format: QuantizedFormat | 'none'): Promise<Rig> {
  const { base } = await readLoraGolden(`${family}-all`);
  const model = await prepareWithLora(base, format);
  const store = new LoraStore(model.spec.lora ?? []);
  for (const [id, name] of NAMES.entries()) {
    if (id !== BASE) store.load(id, await readFor(model, `${family}-${name}`));
  }
  return {
    store,
    runner: (of, numThreads = 1) =>
      GraphRunner.create(model, { slots: ADAPTERS.length, numThreads, lora: { store, of } }),
  };
}

/** A row of each slot behind prompts of other lengths. */
async function decoded(runner: GraphRunner, ids: readonly number[]): Promise<Float32Array[]> {
  const rows = ADAPTERS.map((_, slot) => ({ position: 2 + slot, token: ids.at(-1 - slot) ?? 0 }));
  for (const [slot, { position }] of rows.entries()) {
    await runner.extend(slot, 0, ids.slice(0, position), null);
  }
  return runner.decode(rows);
}

async function checkBits(t: Test, rig: Rig, ids: readonly number[]): Promise<void> {
  const together = await rig.runner((slot) => ADAPTERS[slot] ?? BASE);
  const batch = await decoded(together, ids);
  const two = await rig.runner((slot) => ADAPTERS[slot] ?? BASE, 2);
  t.equal(firstDifference(await decoded(two, ids), batch), null, 'two threads');
  for (const [slot, adapter] of ADAPTERS.entries()) {
    const alone = await rig.runner(() => adapter);
    await alone.extend(0, 0, ids.slice(0, 2 + slot), null);
    const [row] = await alone.decode([{ position: 2 + slot, token: ids.at(-1 - slot) ?? 0 }]);
    const expected = batch.slice(slot, slot + 1);
    t.equal(firstDifference([row ?? new Float32Array()], expected), null, `${adapter} alone`);
    const whole = await alone.extend(0, 0, ids, null);
    for (const chunk of [1, 2, 5, 16]) {
      const rows = await alone.prefillInChunks(1, ids, chunk);
      t.equal(firstDifference(rows, whole), null, `${adapter} in chunks of ${chunk}`);
    }
  }
}

for (const format of ['none', 'w8a8_int8', 'int8', 'int4'] as const) {
  t.test(`${format}: a row has the same bits beside other adapters and none`, async (t) => {
    const { inputIds } = await readLoraGolden('blocks-all');
    await checkBits(t, await rigOf('blocks', format), inputIds);
  });
}

t.test('a request without an adapter has the bits of a server without any', async (t) => {
  const { base, inputIds } = await readLoraGolden('llama-all');
  const rig = await rigOf('llama', 'none');
  const plain = await GraphRunner.create(await prepareGolden(base), { slots: 1 });
  const expected = await plain.extend(0, 0, inputIds, null);
  const runner = await rig.runner(() => BASE);
  t.equal(firstDifference(await runner.extend(0, 0, inputIds, null), expected), null);
});
