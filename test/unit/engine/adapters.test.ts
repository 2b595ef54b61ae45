import t from 'tap';

import { RequestError, StartupError } from '../../../src/core/errors.js';
import type { LoraId, LoraWeights } from '../../../src/core/lora.js';
import { Adapters, type AdapterBounds, type AdapterRef } from '../../../src/engine/adapters.js';
import type { SentAdapter } from '../../../src/engine/control.js';
import { withAdapters } from '../../../src/engine/use-adapters.js';

/** What a server's devices have: adapters of so many numbers as their paths say. */
class Rig {
  readonly story: string[] = [];
  readonly adapters: Adapters;

  constructor(bounds: Partial<AdapterBounds> = {}) {
    const control = {
      read: (path: string): Promise<LoraWeights> => {
        if (path === 'bad') return Promise.reject(new StartupError('it is broken'));
        const data = new Float32Array(Number(path));
        return Promise.resolve({ data, linears: [] });
      },
      attach: (id: LoraId) => this.story.push(`attach ${id}`),
      detach: (id: LoraId) => this.story.push(`detach ${id}`),
      keep: ({ weights }: SentAdapter) => {
        this.story.push('keep');
        return Promise.resolve(weights.length === 0 ? 'bad' : String(weights.length));
      },
      discard: (folder: string) => {
        this.story.push(`discard ${folder}`);
        return Promise.resolve();
      },
    };
    this.adapters = new Adapters({
      control,
      bounds: { maxPerBatch: 8, maxLoaded: null, maxBytes: 4000, eviction: 'lru', ...bounds },
      log: { info: () => undefined },
    });
  }

  get names(): string[] {
    return this.adapters.loaded.map(({ name }) => name);
  }

  load(name: string, more: Partial<AdapterRef> = {}): Promise<void> {
    return this.adapters.load({ name, path: '100', pinned: false, ...more });
  }
}

t.test('one that is unloaded waits for who holds it, and is forgotten at once', async (t) => {
  const rig = new Rig();
  await rig.load('a');
  const [first, second] = await rig.adapters.use(['a', 'a']);
  let isGone = false;
  const gone = rig.adapters.unload('a').then(() => (isGone = true));
  await Promise.resolve();
  await t.rejects(rig.adapters.use(['a']), {
    message: 'Got LoRA adapter that has never been loaded: a\nAll loaded adapters: dict_keys([]).',
  });
  first?.release();
  first?.release();
  await new Promise(setImmediate);
  t.notOk(isGone, 'one still holds it');
  second?.release();
  await gone;
  t.same(rig.story, ['attach 1', 'detach 1']);
  await rig.load('a');
  const [again] = await rig.adapters.use(['a']);
  t.equal(again?.id, 2, 'another load is another one');
});

t.test('the least recently used makes room, and comes back when it is named', async (t) => {
  const rig = new Rig({ maxLoaded: 2 });
  await rig.load('a');
  await rig.load('b');
  for (const use of await rig.adapters.use(['a'])) use.release();
  await rig.load('c');
  t.same(rig.names, ['a', 'c']);
  for (const use of await rig.adapters.use(['b'])) use.release();
  t.same(rig.names, ['b', 'c']);
  t.same(rig.story, ['attach 1', 'attach 2', 'detach 2', 'attach 3', 'detach 1', 'attach 4']);
});

t.test('bytes are bounded as the count is, and what is pinned stays', async (t) => {
  const rig = new Rig();
  await rig.load('a', { path: '600', pinned: true });
  await rig.load('b', { path: '400' });
  await rig.load('c', { path: '300' });
  t.same(rig.names, ['a', 'c']);
  await t.rejects(rig.load('d', { path: '900' }), /^.*Didn't find any LoRA adapters when trying/);
  await t.rejects(rig.load('a'), /LoRA with name a already exists\. Loaded LoRAs: odict_keys/);
  await t.rejects(
    rig.load('x', { path: 'bad' }),
    /^.*Failed to load LoRA adapter x: it is broken$/,
  );
  await t.rejects(rig.adapters.unload('x'), /LoRA with name x does not exist/);
});

t.test('not all places of a batch may be pinned', async (t) => {
  const rig = new Rig({ maxPerBatch: 3 });
  for (const name of ['a', 'b']) await rig.load(name, { pinned: true });
  await t.rejects(rig.load('c', { pinned: true }), /not allowed to pin all slots in the LoRA/);
  await rig.load('c');
});

t.test('requests that want two of three at once all get them', async (t) => {
  const rig = new Rig({ maxLoaded: 2 });
  for (const name of ['a', 'b', 'c']) await rig.load(name);
  const wants = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'a'],
    ['a', 'b'],
  ];
  await Promise.all(
    wants.map(async (names) => {
      const uses = await rig.adapters.use(names);
      t.same(
        uses.map(({ name }) => name),
        names,
      );
      await new Promise(setImmediate);
      for (const use of uses) use.release();
    }),
  );
});

t.test('a request that cannot be made holds nothing', async (t) => {
  const rig = new Rig({ maxLoaded: 8 });
  await rig.load('a');
  const entries = [
    { adapter: 'a', rids: ['1', '2'] },
    { adapter: null, rids: ['3'] },
  ];
  const counts = await withAdapters(entries, rig.adapters, (uses) => {
    const numbers = uses.map((own) => own.length);
    for (const use of uses.flat()) use.release();
    return numbers;
  });
  t.same(counts, [2, 0]);
  const failing = withAdapters(entries, rig.adapters, () => {
    throw new RequestError('INVALID_REQUEST', 'no');
  });
  await t.rejects(failing, /no/);
  await rig.adapters.unload('a');
  const many = Array.from({ length: 9 }, (_, i) => ({ adapter: `n${i}`, rids: ['r'] }));
  await t.rejects(
    withAdapters(many, rig.adapters, () => 0),
    { message: 'Received request with 9 unique loras requested but max loaded loras is 8' },
  );
});

t.test('what was sent is kept until it is unloaded, and not at all where it fails', async (t) => {
  const rig = new Rig();
  const sent = (size: number): SentAdapter => ({ config: {}, weights: new Uint8Array(size) });
  await rig.adapters.loadSent({ name: 'a', pinned: false }, sent(100));
  t.match(rig.adapters.loaded, [{ name: 'a', path: '__tensor__' }]);
  await t.rejects(rig.adapters.loadSent({ name: 'a', pinned: false }, sent(9)), /already exists/);
  await t.rejects(rig.adapters.loadSent({ name: 'b', pinned: false }, sent(0)), {
    message: 'Failed to load LoRA adapter b: it is broken',
  });
  await rig.adapters.unload('a');
  t.same(rig.story, ['keep', 'attach 1', 'keep', 'discard bad', 'detach 1', 'discard 100']);
});

t.test('by fifo the one that was loaded first makes room, used or not', async (t) => {
  for (const [eviction, left] of [
    ['fifo', ['b', 'c']],
    ['lru', ['a', 'c']],
  ] as const) {
    const rig = new Rig({ maxLoaded: 2, eviction });
    await rig.load('a');
    await rig.load('b');
    for (const hold of await rig.adapters.use(['a'])) hold.release();
    await rig.load('c');
    t.same(rig.names, left, eviction);
  }
});
