import t from 'tap';
import type { StateSpec } from '../../../../src/core/model-spec.js';
import { StatePlaces } from '../../../../src/device/cpu/state-places.js';
import { StateSlots } from '../../../../src/device/cpu/state-slots.js';

const STATE: StateSpec = {
  kvLayers: [1],
  tensors: [
    { layer: 0, part: 'conv', shape: [3, 2] },
    { layer: 0, part: 'memory', shape: [2, 2] },
  ],
};

function statesOf(...values: readonly number[]): StateSlots {
  const states = new StateSlots(STATE, values.length);
  values.forEach((value, row) => {
    for (const tensor of states.read(row)) tensor.fill(value);
  });
  return states;
}

const numbersOf = (states: StateSlots, row: number) =>
  states.read(row).flatMap((tensor) => [...tensor]);

t.test(
  'a place gives back what was saved there, to any row, and nothing beside it changes',
  (t) => {
    const states = statesOf(1, 2, 3);
    const places = new StatePlaces(STATE, 2);
    places.save(states, 1, 0);
    places.save(states, 2, 1);
    for (const tensor of states.read(1)) tensor.fill(9);
    places.load(states, 0, 0);
    t.same(
      [0, 1, 2].map((row) => numbersOf(states, row)),
      [2, 9, 3].map((value) => new Array<number>(10).fill(value)),
    );
    t.end();
  },
);

t.test('it forgets them with its memory, and knows its own places only', async (t) => {
  const states = statesOf(5);
  const places = new StatePlaces(STATE, 2);
  places.save(states, 0, 1);
  await places.renew();
  places.load(states, 0, 1);
  t.same(numbersOf(states, 0), new Array<number>(10).fill(0));
  for (const place of [-1, 2]) {
    t.throws(
      () => {
        places.save(states, 0, place);
      },
      { message: `this is a bug: place ${place} of 2` },
    );
  }
});
