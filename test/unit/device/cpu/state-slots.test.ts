import t from 'tap';
import type { StateSpec } from '../../../../src/core/model-spec.js';
import { KvSlots } from '../../../../src/device/cpu/kv-slots.js';
import type { Fetches, Tensors } from '../../../../src/device/ort.js';

const STATE: StateSpec = {
  kvLayers: [1],
  tensors: [
    { layer: 0, part: 'conv', shape: [3, 2] },
    { layer: 0, part: 'memory', shape: [2, 2, 2] },
  ],
};
const HEADS = { numKvHeads: 1, headDim: 4 };
const SHAPE = { layers: [{ layer: 1, ...HEADS }], ...HEADS, type: 'f32', state: STATE } as const;
const NUM_SLOTS = 4;

function makeSlots(): KvSlots {
  const options = { numSlots: NUM_SLOTS, slotLength: 600, idleRowsMax: Infinity };
  return new KvSlots(SHAPE, options);
}

/** What a run over all rows would do: each row of each tensor becomes `value(row)`. */
function run(slots: KvSlots, value: (row: number) => number): void {
  const fetches: Fetches = {};
  slots.states?.bind({ start: 0, count: NUM_SLOTS }, {}, fetches);
  for (const tensor of Object.values(fetches)) {
    const data = tensor?.data as Float32Array;
    const size = data.length / NUM_SLOTS;
    for (let row = 0; row < NUM_SLOTS; row++) data.fill(value(row), row * size, (row + 1) * size);
  }
}

/** The state that the next run of a slot would read: the same number everywhere, or NaN. */
function stateOf(slots: KvSlots, slot: number): number {
  const feeds: Tensors = {};
  slots.states?.bind({ start: slots.rowOf(slot), count: 1 }, feeds, {});
  const numbers = Object.values(feeds).flatMap(({ data }) => [...(data as Float32Array)]);
  t.equal(numbers.length, 14);
  const [first = NaN] = numbers;
  return numbers.every((number) => number === first) ? first : NaN;
}

t.test('a state is what the last run made of it where its slot grew, and no other', (t) => {
  const slots = makeSlots();
  for (const slot of [0, 1, 2]) slots.open(slot);
  run(slots, (row) => 10 + row);
  slots.setLength(0, 5);
  slots.setLength(2, 1);
  t.same(
    [0, 1, 2].map((slot) => stateOf(slots, slot)),
    [10, 0, 12],
  );
  run(slots, () => 99);
  slots.setLength(0, 5);
  t.equal(stateOf(slots, 0), 10, 'a row that is computed again did not grow it');
  slots.free(0);
  slots.open(3);
  t.equal(slots.rowOf(3), 0);
  t.equal(stateOf(slots, 3), 0, 'a sequence begins without one');
  t.end();
});

t.test('states move with their rows, and into new arrays', async (t) => {
  const slots = makeSlots();
  for (const slot of [0, 1, 2, 3]) slots.open(slot);
  run(slots, (row) => 10 + row);
  for (const slot of [0, 1, 2, 3]) slots.setLength(slot, 1 + slot);
  slots.free(1);
  // Two that stand apart are brought together once fillers cost more.
  let count = 4;
  for (let i = 0; i < 20 && count > 2; i++) ({ count } = slots.arrange(new Set([0, 3])));
  t.equal(count, 2);
  t.same(
    [0, 2, 3].map((slot) => stateOf(slots, slot)),
    [10, 12, 13],
  );
  await slots.renew();
  t.same(
    [0, 2, 3].map((slot) => stateOf(slots, slot)),
    [10, 12, 13],
  );
  t.end();
});
