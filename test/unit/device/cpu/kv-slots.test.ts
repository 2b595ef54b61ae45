import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import type { KvArray } from '../../../../src/device/cpu/kv-arrays.js';
import { KvSlots } from '../../../../src/device/cpu/kv-slots.js';
import { PagePool } from '../../../../src/device/cpu/page-pool.js';

const HEADS = { numKvHeads: 3, headDim: 4 };
const SHAPE = {
  layers: [0, 1].map((layer) => ({ layer, ...HEADS })),
  ...HEADS,
  type: 'f32',
  state: null,
} as const;
const UNLIKE = {
  ...SHAPE,
  layers: [
    { layer: 0, numKvHeads: 1, headDim: 8 },
    { layer: 2, ...HEADS },
  ],
};
const SHAPES = [SHAPE, { ...SHAPE, type: 'i8' }, UNLIKE] as const;

/** What row `position` of one head of a slot's request holds: integers of a prime range have it too. */
function stamp(owner: number, index: number, head: number, position: number): number {
  return ((((owner * 4 + index) * 3 + head) * 1000 + position) % 251) - 125;
}

/** Visits each head row of a slot, with the value its owner put there. */
function eachRow(
  slots: KvSlots,
  slot: number,
  owner: number,
  visit: (row: KvArray, value: number) => void,
): void {
  slots.arrays.forEach((array, index) => {
    const { numKvHeads = 0, headDim = 0, rowElements = 0 } = slots.layouts[index] ?? {};
    for (let head = 0; head < numKvHeads; head++) {
      for (let position = 0; position < slots.lengthOf(slot); position++) {
        const row = slots.rowOf(slot) * rowElements;
        const at = row + (head * slots.slotRows + position) * headDim;
        visit(array.subarray(at, at + headDim), stamp(owner, index, head, position));
      }
    }
  });
}

function write(slots: KvSlots, slot: number, owner: number): void {
  eachRow(slots, slot, owner, (row, value) => {
    row.fill(value);
  });
}

function holds(slots: KvSlots, slot: number, owner: number): boolean {
  let same = true;
  eachRow(slots, slot, owner, (row, value) => {
    same &&= row.every((element) => element === value);
  });
  return same;
}

t.test('slots keep their KV while rows move under them, and windows hold all that decode', (t) => {
  let numFillers = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const shape = SHAPES[seed % 3] ?? SHAPE;
    const random = seededRandom(seed);
    const numSlots = 1 + Math.floor(random() * 7);
    const slots = new KvSlots(shape, { numSlots, slotLength: 600, idleRowsMax: Infinity });
    const owners = new Map<number, number>();
    let nextOwner = 1;
    for (let step = 0; step < 40; step++) {
      const slot = Math.floor(random() * numSlots);
      if (owners.has(slot) && random() < 0.4) {
        slots.free(slot);
        owners.delete(slot);
      } else if (!owners.has(slot)) {
        slots.open(slot);
        slots.setLength(slot, Math.floor(random() * 601));
        owners.set(slot, nextOwner);
        write(slots, slot, nextOwner++);
      }
      const decoding = new Set([...owners.keys()].filter(() => random() < 0.7));
      if (decoding.size === 0) continue;
      const window = slots.arrange(decoding);
      numFillers += window.count - decoding.size;
      for (let row = window.start; row < window.start + window.count; row++) {
        const filler = slots.slotAt(row);
        if (decoding.has(filler)) continue;
        if (filler >= 0 && slots.lengthOf(filler) === 600) t.fail(`seed ${seed}: a full filler`);
      }
      for (const id of decoding) {
        const row = slots.rowOf(id);
        if (row < window.start || row >= window.start + window.count)
          t.fail(`seed ${seed}: outside`);
      }
      for (const [id, owner] of owners) {
        if (!holds(slots, id, owner)) t.fail(`seed ${seed} step ${step}: slot ${id} lost its KV`);
      }
    }
  }
  t.ok(numFillers > 0, 'some windows had fillers');
  t.end();
});

t.test('a hole is filled with filler rows first, and by moving once that costs more', (t) => {
  const slots = new KvSlots(SHAPE, { numSlots: 4, slotLength: 2000, idleRowsMax: Infinity });
  for (const slot of [0, 1, 2]) {
    slots.open(slot);
    slots.setLength(slot, 900);
  }
  slots.free(1);
  const decoding = new Set([0, 2]);
  const counts = Array.from({ length: 6 }, () => slots.arrange(decoding).count);
  t.same(counts, [3, 3, 3, 2, 2, 2]);
  t.end();
});

t.test('a hole next to short rows is closed at once', (t) => {
  const slots = new KvSlots(SHAPE, { numSlots: 4, slotLength: 2000, idleRowsMax: Infinity });
  for (const slot of [0, 1, 2]) {
    slots.open(slot);
    slots.setLength(slot, 100);
  }
  slots.free(1);
  t.equal(slots.arrange(new Set([0, 2])).count, 2);
  t.end();
});

t.test('misuse of a slot is an error', (t) => {
  const slots = new KvSlots(SHAPE, { numSlots: 2, slotLength: 10, idleRowsMax: Infinity });
  slots.open(0);
  t.throws(() => {
    slots.open(0);
  }, /slot 0 is open already/);
  t.throws(() => slots.rowOf(1), /slot 1 is not open/);
  t.throws(() => {
    slots.setLength(0, 11);
  }, /11 rows in a slot of 10/);
  t.end();
});

t.test('rows come back from pages as they were stored, into any slot', (t) => {
  const cases = SHAPES.flatMap((shape) => [1, 4, 16].map((size) => [shape, size] as const));
  for (const [shape, pageSizeTokens] of cases) {
    const slots = new KvSlots(shape, { numSlots: 3, slotLength: 64, idleRowsMax: Infinity });
    const pool = new PagePool(shape, { numPages: 200, pageSizeTokens });
    slots.open(2);
    slots.open(0);
    slots.setLength(2, 48);
    slots.setLength(0, 48);
    write(slots, 2, 5);
    write(slots, 0, 6);
    const pages = Int32Array.from({ length: 48 / pageSizeTokens }, (_, i) => (i * 37 + 11) % 200);
    const half = Math.floor(pages.length / 2);
    pool.store(slots, 2, half * pageSizeTokens, pages.subarray(half));
    pool.store(slots, 2, 0, pages.subarray(0, half));
    slots.open(1);
    pool.load(slots, 1, pages);
    slots.setLength(1, 48);
    t.ok(holds(slots, 1, 5), `page size ${pageSizeTokens}, ${JSON.stringify(shape)}`);
    t.ok(holds(slots, 0, 6), 'the neighbour is untouched');
  }
  t.end();
});

t.test('a page outside the pool is an error', (t) => {
  const slots = new KvSlots(SHAPE, { numSlots: 1, slotLength: 64, idleRowsMax: Infinity });
  const pool = new PagePool(SHAPE, { numPages: 4, pageSizeTokens: 16 });
  slots.open(0);
  t.throws(() => {
    pool.store(slots, 0, 0, Int32Array.of(4));
  }, /page 4 of 4/);
  t.end();
});

t.test('rows that were long once give their memory back, and what lives stays', (t) => {
  const slots = new KvSlots(SHAPE, { numSlots: 3, slotLength: 64, idleRowsMax: 40 });
  slots.open(0);
  slots.open(1);
  slots.setLength(0, 60);
  slots.setLength(1, 7);
  for (const array of slots.arrays) array.fill(0.5, 0, array.length);
  t.notOk(slots.giveBackMemory(), 'everything touched is alive');
  slots.free(0);
  const before = slots.arrays[0];
  t.ok(slots.giveBackMemory(), '60 idle rows are more than 40');
  t.not(slots.arrays[0], before);
  t.equal(slots.epoch, 1);
  const row = slots.rowOf(1) * (slots.layouts[0]?.rowElements ?? 0);
  t.equal(slots.arrays[0]?.[row + 7 * SHAPE.headDim - 1], 0.5, 'the last live element');
  t.equal(slots.arrays[0]?.[row + 7 * SHAPE.headDim], 0, 'the one after it');
  t.notOk(slots.giveBackMemory(), 'nothing is idle now');
  t.end();
});
