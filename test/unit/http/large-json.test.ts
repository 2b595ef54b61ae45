import t from 'tap';

import { LargeJson, LazyRows } from '../../../src/http/large-json.js';

const double = (row: number): unknown => [row * 2, null, 'é"'];

function valueOf(numRows: number): object {
  const rows = Array.from({ length: numRows }, (_, i) => i);
  return {
    text: 'a "quoted" 🙂',
    nothing: null,
    left_out: undefined,
    ids: [1, 2, 3],
    empty: [],
    meta: {
      rows: new LazyRows(rows, double),
      nested: [{ more: new LazyRows([1], double) }],
      x: 0.1,
    },
  };
}

t.test('in pieces it is the text that JSON.stringify gives', async (t) => {
  for (const numRows of [0, 1, 63, 64, 65, 1000]) {
    const plain = JSON.stringify(valueOf(numRows));
    t.equal(await new LargeJson(valueOf(numRows)).text(), plain, `${numRows} rows`);
    t.equal(JSON.stringify(new LargeJson(valueOf(numRows))), plain, 'and in one piece too');
  }
  t.equal(await new LargeJson([valueOf(2)]).text(), JSON.stringify([valueOf(2)]), 'a list');
});

t.test('others get their turn while a large one is made', async (t) => {
  let numTurns = 0;
  let isDone = false;
  const count = (): void => {
    numTurns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await new LargeJson(valueOf(100_000)).text();
  isDone = true;
  t.ok(numTurns > 10, `${numTurns} turns`);
});
