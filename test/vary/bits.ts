import type { PreparedModel } from '../../src/model/graph/contract.js';
import { firstDifference } from '../unit/model/bit-checks.js';
import { GraphRunner } from '../unit/model/run-graph.js';

const SLOTS = 6;

/** Where the same tokens give other bits: on two threads, in chunks, decoded in a batch. */
export async function otherBits(
  model: PreparedModel,
  tokens: readonly number[],
): Promise<readonly string[]> {
  const maxSeq = Math.min(model.spec.contextLength, 64);
  const one = await GraphRunner.create(model, { slots: SLOTS, maxSeq });
  const two = await GraphRunner.create(model, { slots: 1, maxSeq, numThreads: 2 });
  const whole = await one.extend(0, 0, tokens, null);
  const found: string[] = [];
  const check = (how: string, rows: readonly Float32Array[], as: readonly Float32Array[]): void => {
    const row = firstDifference(rows, as);
    if (row !== null) found.push(`${how}, from row ${row} on`);
  };
  check('on two threads', await two.extend(0, 0, tokens, null), whole);
  for (const chunk of [1, 3, 8]) {
    check(`in chunks of ${chunk}`, await one.prefillInChunks(0, tokens, chunk), whole);
  }
  const rows = Array.from({ length: SLOTS }, (_, slot) => ({
    position: 3 + 2 * slot,
    token: tokens.at(-1 - slot) ?? 0,
  }));
  const alone: Float32Array[] = [];
  for (const row of rows) {
    await one.extend(0, 0, tokens.slice(0, row.position), null);
    alone.push(...(await one.decode([row])));
  }
  for (const [slot, { position }] of rows.entries()) {
    await one.extend(slot, 0, tokens.slice(0, position), null);
  }
  check('in a batch', await one.decode(rows), alone);
  return found;
}
