import type { Test } from 'tap';

import { kvLayersOf } from '../../../src/core/model-spec.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import { GraphRunner } from './run-graph.js';

/** Index of the first row whose bits differ, or null. */
export function firstDifference(
  actual: readonly Float32Array[],
  expected: readonly Float32Array[],
): number | null {
  const at = expected.findIndex((row, i) => {
    const other = actual[i];
    return other === undefined || Buffer.compare(bytesOf(row), bytesOf(other)) !== 0;
  });
  return at < 0 && actual.length !== expected.length ? expected.length : at < 0 ? null : at;
}

function bytesOf(row: Float32Array): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
}

/** A prompt's log-probabilities and cache do not depend on chunks, threads or head rows. */
export async function checkPrefillBits(
  t: Test,
  model: PreparedModel,
  inputIds: readonly number[],
): Promise<void> {
  const one = await GraphRunner.create(model, { slots: 2, numThreads: 1 });
  const two = await GraphRunner.create(model, { slots: 1, numThreads: 2 });
  const whole = await one.extend(0, 0, inputIds, null);
  const lastLayer = kvLayersOf(model.spec).at(-1)?.layer ?? 0;

  t.equal(firstDifference(await two.extend(0, 0, inputIds, null), whole), null, 'two threads');
  for (const chunk of [1, 2, 3, 5, 7, 16, 32]) {
    const rows = await one.prefillInChunks(1, inputIds, chunk);
    t.equal(firstDifference(rows, whole), null, `chunks of ${chunk}`);
    const cached = one.cache(1, lastLayer, 'value', inputIds.length);
    const expected = one.cache(0, lastLayer, 'value', inputIds.length);
    t.equal(firstDifference([cached], [expected]), null, `cache after chunks of ${chunk}`);
  }

  const few = [0, inputIds.length - 1];
  const evenIds = inputIds.length % 2 === 0 ? inputIds : [...inputIds, 0];
  const rows = await one.prefill(1, 0, evenIds, few);
  const expected = whole.filter((_, row) => few.includes(row));
  t.equal(firstDifference(rows, expected), null, 'two head rows or all');
}

const BATCH = 16;

/** A row decodes to the same bits alone, in a batch of 16 of other lengths, and on two threads. */
export async function checkDecodeBits(
  t: Test,
  model: PreparedModel,
  inputIds: readonly number[],
): Promise<void> {
  const rows = Array.from({ length: BATCH }, (_, slot) => ({
    position: 2 + slot,
    token: inputIds.at(-1 - slot) ?? 0,
  }));
  const together = async (numThreads: number): Promise<Float32Array[]> => {
    const runner = await GraphRunner.create(model, { slots: BATCH, numThreads });
    for (const [slot, { position }] of rows.entries()) {
      await runner.extend(slot, 0, inputIds.slice(0, position), null);
    }
    return runner.decode(rows);
  };
  const runner = await GraphRunner.create(model);
  const alone: Float32Array[] = [];
  for (const row of rows) {
    await runner.extend(0, 0, inputIds.slice(0, row.position), null);
    alone.push(...(await runner.decode([row])));
  }
  t.equal(firstDifference(await together(1), alone), null, 'alone or in a batch of 16');
  t.equal(firstDifference(await together(2), alone), null, 'the batch on two threads');
}
