import t from 'tap';
import type { GpuPlace, GpuSession } from '../../../../src/device/paged/gpu-session.js';
import { PagedForward } from '../../../../src/device/paged/paged-forward.js';
import { PagedKv } from '../../../../src/device/paged/paged-kv.js';
import { tensorOf, type Tensors } from '../../../../src/device/ort.js';
import { GRAPH_OUTPUTS, PAGED_INPUTS } from '../../../../src/model/graph/contract.js';

const VOCAB = 8;
const LIMITS = { numSlots: 2, slotLength: 256, numPages: 6, pageSizeTokens: 64 };
/** Two sequences, of one and of two pages, decode. */
const DECODE = {
  slots: [0, 1],
  numDecoding: 2,
  counts: [1, 1],
  tokens: Int32Array.of(3, 4),
  lengths: Int32Array.of(10, 100),
  headRows: [0, 1],
  temperatures: [1, 1],
  wholeRows: [false, false],
  wantLogits: false,
  hiddenRows: [],
  wantExperts: false,
};

/** What the session of a place is fed with. */
async function feedsOf(place: Pick<GpuPlace, 'kind' | 'isDeterministic'>): Promise<Tensors> {
  let fed: Tensors = {};
  const session = {
    fetch: (feeds: Tensors) => {
      fed = feeds;
      return Promise.resolve({
        [GRAPH_OUTPUTS.topValues]: tensorOf('float32', new Float32Array(2 * VOCAB), [2, VOCAB]),
        [GRAPH_OUTPUTS.topIds]: tensorOf('int64', new BigInt64Array(2 * VOCAB), [2, VOCAB]),
      });
    },
  } as unknown as GpuSession;
  const kv = new PagedKv(LIMITS);
  for (const slot of DECODE.slots) {
    kv.open(slot);
    kv.map({ slot, fromPage: 0, pages: Int32Array.of(2 * slot, 2 * slot + 1) });
  }
  const spec = { vocabSize: VOCAB, hiddenSize: 4, moe: null };
  await new PagedForward(session, spec, kv, place).run(DECODE);
  return fed;
}

async function metadataOf(place: Pick<GpuPlace, 'kind' | 'isDeterministic'>): Promise<number[]> {
  return Array.from((await feedsOf(place))[PAGED_INPUTS.metadata]?.data as Int32Array);
}

t.test('CUDA may cut long sequences, unless bits come before speed', async (t) => {
  t.strictSame(await metadataOf({ kind: 'cuda', isDeterministic: false }), [1, 100, 100]);
  t.strictSame(await metadataOf({ kind: 'cuda', isDeterministic: true }), [1, 100]);
});

t.test('WebGPU has two lengths', async (t) => {
  t.strictSame(await metadataOf({ kind: 'webgpu', isDeterministic: false }), [1, 100]);
  t.strictSame(await metadataOf({ kind: 'webgpu', isDeterministic: true }), [1, 100]);
});

t.test(
  'a block table is as wide as the longest sequence, and the rest of it is the spare page',
  async (t) => {
    const feeds = await feedsOf({ kind: 'webgpu', isDeterministic: false });
    t.strictSame(feeds[PAGED_INPUTS.blockTable]?.dims, [2, 2]);
    t.strictSame(Array.from(feeds[PAGED_INPUTS.blockTable]?.data as Int32Array), [0, 6, 2, 3]);
    t.strictSame(Array.from(feeds[PAGED_INPUTS.pastLengths]?.data as Int32Array), [9, 99]);
    t.strictSame(Array.from(feeds[PAGED_INPUTS.cumulativeLengths]?.data as Int32Array), [0, 1, 2]);
  },
);
