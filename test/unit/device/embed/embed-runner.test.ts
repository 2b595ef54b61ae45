import t from 'tap';

import type { EmbedSequence, RoutedRows } from '../../../../src/core/batch.js';
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
  const plan = { step: 7, sequences: expected.map(sequenceOf), recordsExperts: false };
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
  await device.runner.execute({ step: 0, sequences, recordsExperts: false }, () => {
    numRuns++;
  });
  t.equal(numRuns, 2, 'long ones, then short ones');
  await device.release();
});

t.test(
  'a plan that asks for it brings the experts of each token, its runs in any order',
  async (t) => {
    for (const name of ['nomic-moe', 'qwen2moe-mean', 'bert-mean']) {
      const { device, golden } = await open(name);
      const sequences = golden.sequences.map(sequenceOf);
      const record = async (plan: readonly EmbedSequence[]) => {
        const asked = { step: 0, sequences: plan, recordsExperts: true };
        const { vectors, routing } = await device.runner.execute(asked, () => undefined);
        return { vectors, routing, rows: rowsOf(routing) };
      };
      const all = await record(sequences);
      const silent = { step: 0, sequences, recordsExperts: false };
      const without = await device.runner.execute(silent, () => undefined);
      t.equal(without.routing, null);
      t.same(all.vectors, without.vectors, 'the same bits');
      if (name === 'bert-mean') t.equal(all.routing, null);
      else {
        const tokens = sequences.flatMap(({ tokens }, row) =>
          [...tokens].map((token, at) => `${row} ${at} ${token}`),
        );
        t.same([...all.rows.keys()].sort(), tokens.sort(), 'each token once, no padding');
        const pairs = [...all.rows.values()].flatMap((row) => row.match(/\d+ \d+/g) ?? []);
        const areTwo = pairs.every((pair) => new Set(pair.split(' ')).size === 2);
        t.ok(areTwo && new Set(pairs).size > 3, 'two experts of each layer, not always the same');
        for (const [row, sequence] of sequences.entries()) {
          for (const [key, experts] of (await record([sequence])).rows) {
            t.equal(all.rows.get(key.replace(/^0/, String(row))), experts, 'as alone');
          }
        }
      }
      await device.release();
    }
  },
);

/** `plan row, position and token` -> their experts. */
function rowsOf(routing: RoutedRows | null): ReadonlyMap<string, string> {
  const { planRows = [], positions = [], tokens = [], experts = [] } = routing ?? {};
  const width = experts.length / planRows.length;
  return new Map(
    Array.from(planRows, (planRow, row) => [
      `${planRow} ${positions[row]} ${tokens[row]}`,
      experts.slice(row * width, (row + 1) * width).join(' '),
    ]),
  );
}
