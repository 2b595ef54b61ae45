import t from 'tap';
import type { StateSpec } from '../../../../src/core/model-spec.js';
import { CpuKv } from '../../../../src/device/cpu/cpu-kv.js';
import { KvSlots } from '../../../../src/device/cpu/kv-slots.js';
import { PagePool } from '../../../../src/device/cpu/page-pool.js';
import { StatePlaces } from '../../../../src/device/cpu/state-places.js';
import type { Fetches } from '../../../../src/device/ort.js';

const PAGE = 4;
const STATE: StateSpec = {
  kvLayers: [0],
  tensors: [{ layer: 1, part: 'memory', shape: [2, 2] }],
};
const HEADS = { numKvHeads: 1, headDim: 4 };
const SHAPE = { layers: [{ layer: 0, ...HEADS }], ...HEADS, type: 'f32', state: STATE } as const;
const NO_PAGES = new Int32Array(0);

/** Two slots, two places, and a look at states as one number each. */
function makeKv() {
  const slots = new KvSlots(SHAPE, { numSlots: 2, slotLength: 64, idleRowsMax: Infinity });
  const pages = new PagePool(SHAPE, { numPages: 8, pageSizeTokens: PAGE });
  const kv = new CpuKv(slots, pages, new StatePlaces(STATE, 2));
  const stateOf = (slot: number) => slots.states?.read(slots.rowOf(slot))[0] ?? new Float32Array(0);
  /** A run gives the number as the state behind the slot's rows, which the slot then has. */
  const grow = (slot: number, length: number, value: number) => {
    const fetches: Fetches = {};
    slots.states?.bind({ start: slots.rowOf(slot), count: 1 }, {}, fetches);
    for (const tensor of Object.values(fetches)) (tensor?.data as Float32Array).fill(value);
    kv.setLength(slot, length);
  };
  const loaded = (place: number) => {
    kv.open(1);
    kv.load({ slot: 1, numTokens: 0, pages: NO_PAGES, statePlace: place });
    const [value] = stateOf(1);
    kv.free(1);
    return value;
  };
  return { kv, grow, loaded };
}

t.test('a state is saved when its slot has just so many rows, whenever that is, and once', (t) => {
  const { kv, grow, loaded } = makeKv();
  kv.open(0);
  kv.setLength(0, 3);
  kv.saveStates([{ slot: 0, numTokens: 5, place: 1 }]);
  grow(0, 4, 10);
  t.equal(loaded(1), 0);
  kv.saveStates([]);
  grow(0, 5, 11);
  t.equal(loaded(1), 11, 'in a later step');
  grow(0, 6, 12);
  t.equal(loaded(1), 11, 'no other length');
  t.end();
});

t.test('one that a slot did not come to is forgotten with it', (t) => {
  const { kv, grow, loaded } = makeKv();
  kv.open(0);
  kv.saveStates([{ slot: 0, numTokens: 8, place: 0 }]);
  grow(0, 4, 10);
  kv.free(0);
  kv.open(0);
  kv.saveStates([]);
  kv.setLength(0, 7);
  grow(0, 8, 20);
  t.equal(loaded(0), 0);
  t.end();
});

t.test('rows without a state are nothing to go on from', (t) => {
  const { kv } = makeKv();
  kv.open(0);
  t.throws(
    () => {
      kv.load({ slot: 0, numTokens: PAGE, pages: Int32Array.of(1) });
    },
    { message: 'this is a bug: rows without a state to go on from' },
  );
  t.end();
});
