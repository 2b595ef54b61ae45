import t from 'tap';

import { patchBetween, patched } from '../../../../../src/api/ws/watch/merge-patch.js';
import { seededRandom } from '../../../../../src/core/clock.js';

type Random = () => number;

const KEYS = ['a', 'b', 'c', '7', '12', 'text', 'steps'];

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** A state as a watch may have it: no null, and nothing else that JSON does not carry. */
function randomValue(random: Random, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 4));
  switch (kind) {
    case 0:
      return Math.floor(random() * 4);
    case 1:
      return pick(random, ['', 'x', 'é']);
    case 2:
      return random() < 0.5;
    case 3:
      return Array.from({ length: Math.floor(random() * 3) }, () => Math.floor(random() * 2));
    default:
      return randomObject(random, depth - 1);
  }
}

function randomObject(random: Random, depth: number): object {
  const keys = KEYS.filter(() => random() < 0.5);
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth)]));
}

/** The same with some of it changed, removed or added; the rest is shared. */
function changed(random: Random, state: object, depth: number): object {
  const after: Record<string, unknown> = { ...state };
  for (const key of KEYS.filter(() => random() < 0.3)) {
    const old = after[key];
    if (random() < 0.3) Reflect.deleteProperty(after, key);
    else if (isObject(old) && random() < 0.7) after[key] = changed(random, old, depth - 1);
    else after[key] = randomValue(random, depth);
  }
  return after;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As RFC 7396 writes it down, over what a JSON reader has. */
function applied(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = applied(result[key], value);
  }
  return result;
}

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

t.test('a patch makes the state after of the one before, by anybody’s reading of RFC 7396', (t) => {
  const seed = Number(process.argv[2] ?? 1);
  const random = seededRandom(seed);
  let numEmpty = 0;
  for (let round = 0; round < 3000; round++) {
    const before = randomObject(random, 3);
    const after = random() < 0.2 ? randomObject(random, 3) : changed(random, before, 3);
    const patch = patchBetween(before, after);
    if (patch === null) {
      numEmpty++;
      t.strictSame(before, after, `seed ${seed}, round ${round}`);
      continue;
    }
    const sent = overTheWire(patch) as typeof patch;
    const asIs = JSON.stringify(before);
    t.strictSame(patched(before, sent), after, `seed ${seed}, round ${round}`);
    t.strictSame(applied(overTheWire(before), sent), overTheWire(after));
    t.equal(JSON.stringify(before), asIs, 'the state before stays as it was');
  }
  t.ok(numEmpty > 10, `${numEmpty} without news`);
  t.end();
});

t.test('a patch names only what has changed', (t) => {
  const bars = { 1: { step: 1, rows: 2 }, 2: { step: 2, rows: 2 } };
  const before = { at: 1, devices: { '0:0': { running: 1, steps: bars } }, list: [1, 2] };
  const after = {
    at: 2,
    devices: { '0:0': { running: 1, steps: { 2: bars[2], 3: { step: 3, rows: 1 } } } },
    list: [1, 2],
  };
  t.strictSame(patchBetween(before, after), {
    at: 2,
    devices: { '0:0': { steps: { 1: null, 3: { step: 3, rows: 1 } } } },
  });
  t.equal(patchBetween(before, { ...before }), null);
  t.strictSame(patchBetween({ a: 1 }, { a: undefined }), { a: null }, 'left out is gone');
  t.end();
});
