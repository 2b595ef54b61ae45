import { InferenceSession, Tensor } from 'onnxruntime-node';
import t from 'tap';

import { seededRandom } from '../../../../src/core/clock.js';
import type { LoraId, LoraSite, LoraWeights } from '../../../../src/core/lora.js';
import { withLoraFeeds } from '../../../../src/device/lora/bind-lora.js';
import { LoraStore } from '../../../../src/device/lora/lora-store.js';
import { declareLora } from '../../../../src/model/graph/declare.js';
import { Graph } from '../../../../src/model/graph/graph.js';
import { withAdapters } from '../../../../src/model/graph/lora.js';
import { loraRows } from '../../../../src/model/graph/lora-rows.js';
import { OWN_ROWS } from '../../../../src/model/graph/run-rows.js';
import { firstDifference } from '../bit-checks.js';

/** So wide that the runtime cuts sums, and shares products among threads, by how many rows and columns there are. */
const SITE: LoraSite = { name: 'wide', in: 1536, out: 1152, numParts: 2 };
const RANKS = [1, 3, 8, 16, 64];
const OTHERS = [3, 1, 0, 4, 1, 2, 0, 5];

const next = seededRandom(1);
const floats = (count: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, () => next() - 0.5);

function adapter(rank: number): LoraWeights {
  const padded = 2 ** Math.ceil(Math.log2(rank));
  const { in: width, out, numParts } = SITE;
  const b = width * numParts * padded;
  const data = floats(b + numParts * padded * out);
  return { data, linears: [{ ...SITE, rank: padded, a: 0, b }] };
}

/** What a linear that gives zeros gives with adapters. */
function graphOfSite(): Uint8Array {
  const graph = new Graph();
  graph.input({ name: 'x', dtype: 'f32', shape: [1, 'T', SITE.in] });
  graph.input({ name: 'given', dtype: 'f32', shape: [1, 'T', SITE.out] });
  declareLora(graph, [SITE]);
  const half = { out: SITE.out / 2, weight: 'w', bias: null };
  const [sum = ''] = withAdapters(
    { graph, lora: loraRows(graph, [SITE], OWN_ROWS) },
    {
      x: 'x',
      plan: { name: SITE.name, in: SITE.in, out: SITE.out, parts: [half, half] },
      values: ['given'],
      factors: null,
    },
  );
  graph.node('Identity', [sum], { outputs: ['sum'] });
  graph.output({ name: 'sum', dtype: 'f32', shape: [1, 'T', SITE.out] });
  return graph.encode();
}

const bytes = graphOfSite();
const store = new LoraStore([SITE]);
RANKS.forEach((rank, i) => {
  store.load(i + 1, adapter(rank));
});

interface Rows {
  readonly adapters: readonly LoraId[];
  /** Of each sequence. */
  readonly counts: readonly number[];
  readonly x: readonly Float32Array[];
}

/** A row of the output for each of x. */
async function run(session: InferenceSession, { adapters, counts, x }: Rows) {
  const numRows = x.length;
  const flat = new Float32Array(numRows * SITE.in);
  x.forEach((row, i) => {
    flat.set(row, i * SITE.in);
  });
  const given = new Float32Array(numRows * SITE.out);
  const feeds = {
    x: new Tensor('float32', flat, [1, numRows, SITE.in]),
    given: new Tensor('float32', given, [1, numRows, SITE.out]),
  };
  const tokens = new Int32Array(numRows);
  const input = { adapters, counts, tokens, numDecoding: 0 };
  const { sum } = await session.run(withLoraFeeds(feeds, store, input, [0]));
  const data = sum?.data as Float32Array;
  return x.map((_, i) => data.slice(i * SITE.out, (i + 1) * SITE.out));
}

for (const numThreads of [1, 2]) {
  t.test(`with ${numThreads} threads a row has the bits that it has alone`, async (t) => {
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: numThreads });
    const alone = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const rows = Array.from({ length: OTHERS.length + 1 }, () => floats(SITE.in));
    const [row = new Float32Array()] = rows;
    for (const id of RANKS.keys()) {
      const adapters = [id + 1, ...OTHERS];
      const decoded = { adapters, counts: adapters.map(() => 1), x: rows };
      const [own] = await run(session, decoded);
      const single = await run(alone, { adapters: [id + 1], counts: [1], x: [row] });
      t.equal(firstDifference([own ?? row], single), null, `rank ${RANKS[id]}, decoded`);
      const same = await run(session, { ...decoded, adapters: adapters.map(() => id + 1) });
      t.equal(firstDifference(same.slice(0, 1), single), null, 'beside rows of the same adapter');
      const extended = { adapters: [id + 1, 2], counts: [4, 5], x: rows };
      const four = await run(session, extended);
      const two = await run(alone, { adapters: [id + 1], counts: [2], x: rows.slice(0, 2) });
      t.equal(firstDifference(four.slice(0, 2), two), null, `rank ${RANKS[id]}, extended`);
    }
  });
}

t.test('rows without an adapter are given as they are', async (t) => {
  const session = await InferenceSession.create(bytes);
  const x = [floats(SITE.in), floats(SITE.in)];
  for (const adapters of [
    [0, 1],
    [0, 0],
  ]) {
    const [first] = await run(session, { adapters, counts: [1, 1], x });
    t.ok(first?.every((value) => value === 0));
  }
});
