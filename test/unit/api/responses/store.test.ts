import t from 'tap';

import type { Item } from '../../../../src/api/responses/item.js';
import { userMessage } from '../../../../src/api/responses/parse-items.js';
import { Store, type Entry } from '../../../../src/api/responses/store.js';
import { Turn } from '../../../../src/api/responses/turn.js';

const LIMITS = { maxEntries: 3, maxBytes: 10_000 };

function entry(id: string, changes: Partial<Entry> = {}): Entry {
  const turn = new Turn(null, [userMessage(id)], 'me');
  return { id, tenant: turn.tenant, turn, bytes: 10, isLive: false, ...changes };
}

function ids(store: Store, ...names: string[]): string[] {
  return names.filter((name) => store.has(name));
}

t.test('the entry used longest ago makes room', (t) => {
  const store = new Store(LIMITS);
  for (const id of ['a', 'b', 'c']) store.put(entry(id));
  store.get('me', 'a');
  store.put(entry('d'));
  t.strictSame(ids(store, 'a', 'b', 'c', 'd'), ['a', 'c', 'd']);
  t.end();
});

t.test('by bytes too, and what is live stays', (t) => {
  const store = new Store(LIMITS);
  store.put(entry('a', { isLive: true, bytes: 4000 }));
  store.put(entry('b', { bytes: 4000 }));
  store.put(entry('c', { bytes: 4000 }));
  t.strictSame(ids(store, 'a', 'b', 'c'), ['a', 'c']);
  store.put(entry('c', { isLive: true, bytes: 4000 }));
  t.throws(
    () => {
      store.put(entry('d', { bytes: 4000 }));
    },
    { code: 'QUEUE_FULL' },
  );
  t.strictSame(ids(store, 'a', 'c', 'd'), ['a', 'c']);
  t.end();
});

t.test('nobody finds what another key made', (t) => {
  const store = new Store(LIMITS);
  const mine = entry('a');
  store.put(mine);
  const [item] = mine.turn.items;
  t.equal(store.get('you', 'a'), null);
  t.equal(store.get('me', 'a'), mine);
  t.equal(store.findItem('you', item?.id ?? ''), null);
  t.equal(store.findItem('me', item?.id ?? ''), item);
  t.end();
});

t.test('a chain shares its turns, and gives back all of them', (t) => {
  const store = new Store({ maxEntries: 100, maxBytes: 1e6 });
  const list: Item[] = [];
  let turn: Turn | null = null;
  for (let i = 0; i < 50; i++) {
    const item = userMessage('x'.repeat(100));
    list.push(item);
    turn = new Turn(turn, [item], 'me');
    store.put(entry(`r${i}`, { turn, bytes: 0 }));
  }
  t.strictSame(turn?.all(), list);
  t.ok(store.bytes < 50 * 1000, 'each item counts once');
  for (let i = 0; i < 49; i++) store.delete(`r${i}`);
  t.equal(store.findItem('me', list[0]?.id ?? ''), list[0], 'the last one still needs them');
  store.delete('r49');
  t.equal(store.bytes, 0);
  t.equal(store.findItem('me', list[0]?.id ?? ''), null);
  t.end();
});

t.test('an entry in the place of itself', (t) => {
  const store = new Store(LIMITS);
  const first = entry('a');
  store.put(first);
  const { bytes } = store;
  store.put({ ...first, bytes: 20 });
  t.equal(store.bytes, bytes + 10);
  t.equal(store.numEntries, 1);
  t.end();
});
