import t from 'tap';

import { HiddenStates } from '../../../src/engine/hidden-states.js';

/** Rows `[position, position + numRows)` of a width of 2; each row is its place, twice. */
function rowsOf(position: number, numRows: number) {
  const values = Float32Array.from({ length: 2 * numRows }, (_, i) => position + Math.floor(i / 2));
  return { position, numRows, values };
}

const places = (rows: readonly Float32Array[]): (number | undefined)[] => rows.map(([row]) => row);

t.test('a prompt in chunks is one item, once it is whole', (t) => {
  const hidden = new HiddenStates('full', 5);
  hidden.accept(rowsOf(0, 2), 0);
  t.same(hidden.prompt, [], 'half of it');
  hidden.accept(rowsOf(2, 3), 1);
  t.same(
    hidden.prompt.map((row) => [...row]),
    [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ],
  );
  t.same(hidden.outputs(1), [], 'the first token is drawn from the last of them');
  t.same([...(hidden.last(1) ?? [])], [4, 4]);
  hidden.accept(rowsOf(5, 1), 2);
  hidden.accept(rowsOf(6, 1), 3);
  t.same(places(hidden.outputs(3)), [5, 6]);
  t.same([...(hidden.last(3) ?? [])], [6, 6]);
  t.end();
});

t.test('rows behind the end of an answer never were', (t) => {
  const hidden = new HiddenStates('full', 2);
  for (const part of [rowsOf(0, 2), rowsOf(2, 1), rowsOf(3, 1), rowsOf(4, 1)]) {
    hidden.accept(part, 2);
  }
  t.same(places(hidden.outputs(2)), [2], 'two tokens: one was drawn from an output');
  t.same([...(hidden.last(2) ?? [])], [2, 2]);
  t.end();
});

t.test('last keeps one row: that of the last token that counts', (t) => {
  const hidden = new HiddenStates('last', 3);
  t.equal(hidden.last(0), null);
  hidden.accept(rowsOf(2, 1), 1);
  hidden.accept(rowsOf(3, 1), 2);
  hidden.accept(rowsOf(4, 1), 2);
  t.same([...(hidden.last(2) ?? [])], [3, 3], 'the third token came too late to count');
  t.same(hidden.prompt, []);
  t.same(hidden.outputs(2), []);
  t.end();
});

t.test('a request for no tokens sees its prompt', (t) => {
  const full = new HiddenStates('full', 3);
  full.accept(rowsOf(0, 3), 0);
  t.same(places(full.prompt), [0, 1, 2]);
  t.same(full.outputs(0), []);
  const last = new HiddenStates('last', 3);
  last.accept(rowsOf(2, 1), 0);
  t.same([...(last.last(0) ?? [])], [2, 2]);
  t.end();
});
