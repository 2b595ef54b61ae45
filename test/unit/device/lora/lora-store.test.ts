import t from 'tap';

import type { LoraSite, LoraWeights } from '../../../../src/core/lora.js';
import { withLoraFeeds } from '../../../../src/device/lora/bind-lora.js';
import { LoraStore } from '../../../../src/device/lora/lora-store.js';

const Q: LoraSite = { name: 'q', in: 2, out: 3, numParts: 1 };
const KV: LoraSite = { name: 'kv', in: 1, out: 2, numParts: 2 };

/** Numbers `first`, `first + 1`, … */
function weights(first: number, rank: number): LoraWeights {
  const [a, b] = [0, 2 * rank];
  const kv = b + 3 * rank;
  const data = Float32Array.from({ length: kv + 6 * rank }, (_, i) => first + i);
  return {
    data,
    linears: [
      { ...Q, rank, a, b },
      { ...KV, rank, a: kv, b: kv + 2 * rank },
    ],
  };
}

const numbers = (tensor: { data: unknown } | undefined): (number | bigint)[] => [
  ...(tensor?.data as Float32Array | BigInt64Array),
];

t.test('a run without adapters takes an empty one', (t) => {
  const { ids, size, tensors } = new LoraStore([Q, KV]).setOf([0, 0]);
  t.same([ids, size], [[], 1]);
  t.same(numbers(tensors['lora.q.a']), [0, 0]);
  t.same(tensors['lora.kv.b']?.dims, [1, 1, 1, 1, 1, 2, 2]);
  t.end();
});

t.test('one adapter is taken where it lies', (t) => {
  const store = new LoraStore([Q, KV]);
  const own = weights(1, 1);
  store.load(5, own);
  const { tensors } = store.setOf([0, 5, 5]);
  t.same(numbers(tensors['lora.q.a']), [1, 2]);
  t.equal((tensors['lora.q.a']?.data as Float32Array).buffer, own.data.buffer);
  t.same(tensors['lora.q.b']?.dims, [1, 1, 1, 1, 1, 1, 3]);
  t.end();
});

t.test('several lie side by side, each part as wide as the widest', (t) => {
  const store = new LoraStore([Q, KV]);
  store.load(1, weights(1, 1));
  store.load(2, weights(101, 2));
  store.load(3, { ...weights(201, 1), linears: weights(201, 1).linears.slice(0, 1) });
  const { size, tensors } = store.setOf([1, 2]);
  t.equal(size, 2);
  t.same(numbers(tensors['lora.q.a']), [1, 0, 2, 0, 101, 102, 103, 104]);
  t.same(numbers(tensors['lora.q.b']), [3, 4, 5, 0, 0, 0, 105, 106, 107, 108, 109, 110]);
  t.same(numbers(tensors['lora.kv.a']), [6, 0, 7, 0, 111, 112, 113, 114]);
  t.same(
    numbers(tensors['lora.kv.b']),
    [8, 9, 0, 0, 10, 11, 0, 0, 115, 116, 117, 118, 119, 120, 121, 122],
  );
  const none = store.setOf([3, 2]);
  t.same(numbers(none.tensors['lora.kv.a']).slice(0, 4), [0, 0, 0, 0], 'it changes no such linear');
  t.end();
});

t.test('a set stays while it has what runs need, and goes with one of its own', (t) => {
  const store = new LoraStore([Q, KV]);
  for (const id of [1, 2, 3, 4, 5]) store.load(id, weights(id, 1));
  const three = store.setOf([1, 2, 3]);
  t.equal(store.setOf([2, 3]), three);
  const five = store.setOf([1, 2, 3, 4, 5]);
  t.not(store.setOf([1, 2]), five, 'too many that nobody needs');
  const two = store.setOf([1, 2]);
  store.unload(2);
  t.same(store.setOf([1, 2]).ids, [1], 'what is gone is the model as it is');
  store.load(2, weights(9, 1));
  t.not(store.setOf([1, 2]), two);
  t.end();
});

function feedsOf(
  adapters: number[],
  counts: number[],
  normRows: number[],
  { numDecoding = 0, numFollowing = 0 } = {},
) {
  const store = new LoraStore([Q]);
  for (const id of [7, 8]) store.load(id, weights(id, 1));
  const tokens = new Int32Array(counts.reduce((sum, count) => sum + count, 0));
  const run = { adapters, counts, tokens, numDecoding, numFollowing };
  return withLoraFeeds({}, store, run, normRows);
}

t.test('each row of a run that extends has the adapter of its sequence', (t) => {
  const feeds = feedsOf([8, 0, 7], [2, 1, 3], [5]);
  t.same(feeds['lora_rows']?.dims, [2, 1, 6]);
  t.same(numbers(feeds['lora_rows']), [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
  t.same([numbers(feeds['lora_any']), numbers(feeds['lora_decodes'])], [[1], [0]]);
  t.same(numbers(feeds['lora_taken']), [0, 0]);
  t.end();
});

t.test('rows that follow one that decodes are multiplied as it is', (t) => {
  const feeds = feedsOf([8, 8, 0], [1, 3, 2], [0, 1], { numDecoding: 1, numFollowing: 1 });
  t.same(numbers(feeds['lora_decodes']), [1]);
  t.same(numbers(feeds['lora_places']), [0n, 1n, 2n, 3n]);
  const verified = feedsOf([8, 8], [1, 3], [0, 1], { numDecoding: 1 });
  t.same(numbers(verified['lora_decodes']), [0], 'a prompt of the same adapter is not');
  t.end();
});

t.test('rows that decode are listed by adapter, and those of the head as they stand there', (t) => {
  const feeds = feedsOf([8, 0, 7, 8], [1, 2, 1, 1], [4, 1, 0]);
  t.same(numbers(feeds['lora_decodes']), [1], 'the one that extends has none');
  t.same(feeds['lora_places']?.dims, [2, 2, 1]);
  t.same(numbers(feeds['lora_places']), [0n, 4n, 3n, 0n]);
  t.same(numbers(feeds['lora_taken']), [1, 1, 1, 0]);
  t.same(numbers(feeds['lora_targets']), [0n, 0n, 0n, 4n, 0n, 3n, 0n, 0n]);
  t.same(numbers(feeds['lora_head_places']), [0n, 2n, 0n, 0n]);
  t.same(numbers(feeds['lora_head_taken']), [1, 1, 0, 0]);
  const none = feedsOf([0, 0], [1, 1], [0, 1]);
  t.same([numbers(none['lora_any']), numbers(none['lora_taken'])], [[0], [0]]);
  const hidden = feedsOf([7, 0], [1, 1], [1]);
  t.same(numbers(hidden['lora_head_taken']), [0], 'no row of the head has one');
  t.end();
});
