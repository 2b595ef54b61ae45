import t from 'tap';

import { goldenNames, prepareGolden, readGolden } from './golden.js';
import { GraphRunner } from './run-graph.js';

/** Index of the first row whose bits differ, or null. */
function firstDifference(
  actual: readonly Float32Array[],
  expected: readonly Float32Array[],
): number | null {
  const at = expected.findIndex((row, i) => {
    const other = actual[i];
    return other === undefined || Buffer.compare(bytesOf(row), bytesOf(other)) !== 0;
  });
  return at < 0 && actual.length === expected.length ? null : at;
}

function bytesOf(row: Float32Array): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
}

const BATCH = 16;

for (const name of await goldenNames()) {
  t.test(`${name}: bits of a row depend on nothing but its own tokens`, async (t) => {
    const { inputIds } = await readGolden(name);
    const model = await prepareGolden(name);
    const one = await GraphRunner.create(model, { slots: BATCH + 1, numThreads: 1 });
    const two = await GraphRunner.create(model, { slots: 1, numThreads: 2 });
    const whole = await one.extend(0, 0, inputIds, null);
    const { numLayers } = model.spec;

    t.equal(firstDifference(await two.extend(0, 0, inputIds, null), whole), null, 'two threads');
    for (const chunk of [1, 2, 3, 5, 7, 16, 32]) {
      const rows = await one.prefillInChunks(1, inputIds, chunk);
      t.equal(firstDifference(rows, whole), null, `chunks of ${chunk}`);
      const cached = one.cache(1, numLayers - 1, 'value', inputIds.length);
      const expected = one.cache(0, numLayers - 1, 'value', inputIds.length);
      t.equal(firstDifference([cached], [expected]), null, `cache after chunks of ${chunk}`);
    }

    const few = [0, inputIds.length - 1];
    const evenIds = inputIds.length % 2 === 0 ? inputIds : [...inputIds, 0];
    const rows = await one.prefill(1, 0, evenIds, few);
    const expected = whole.filter((_, row) => few.includes(row));
    t.equal(firstDifference(rows, expected), null, 'head rows alone or among all');
  });

  t.test(`${name}: a row decodes to the same bits alone and in a batch`, async (t) => {
    const { inputIds } = await readGolden(name);
    const runner = await GraphRunner.create(await prepareGolden(name), { slots: BATCH });
    const rows = Array.from({ length: BATCH }, (_, slot) => ({
      position: 2 + slot,
      token: inputIds.at(-1 - slot) ?? 0,
    }));
    const prefillSlot = async (slot: number, at: number): Promise<void> => {
      await runner.extend(slot, 0, inputIds.slice(0, 2 + at), null);
    };

    for (const slot of rows.keys()) await prefillSlot(slot, slot);
    const together = await runner.decode(rows);
    const alone: Float32Array[] = [];
    for (const [slot, row] of rows.entries()) {
      await prefillSlot(0, slot);
      alone.push(...(await runner.decode([row])));
    }
    t.equal(firstDifference(together, alone), null);
  });
}
