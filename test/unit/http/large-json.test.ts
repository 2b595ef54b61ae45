import t from 'tap';

import { asLarge, LargeJson, LazyNumbers, LazyRows } from '../../../src/http/large-json.js';
import { slowRows } from './slow-rows.js';

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

t.test(
  'lists of numbers are the text of the plain list, null for what JSON cannot say',
  async (t) => {
    for (const length of [0, 1, 4096, 4097, 10_000]) {
      const numbers = Float32Array.from({ length }, (_, i) => (i % 7 === 0 ? NaN : i / 3 - 5e-9));
      const value = { a: [[new LazyNumbers(numbers), new LazyNumbers(numbers)], 'b'] };
      const plain = { a: [[Array.from(numbers), Array.from(numbers)], 'b'] };
      t.equal(await new LargeJson(value).text(), JSON.stringify(plain), `${length} numbers`);
      t.equal(JSON.stringify(value), JSON.stringify(plain), 'and in one piece too');
      t.equal(asLarge(value) !== null, 2 * length > 16 * 1024, 'what counts as large');
    }
  },
);

t.test('parts are the UTF-8 of the text', async (t) => {
  const value = { text: 'é🙂', numbers: new LazyNumbers(new Float32Array(300_000).fill(1 / 3)) };
  const parts = await new LargeJson(value).parts();
  t.equal(Buffer.concat(parts).toString(), JSON.stringify(value));
  t.ok(parts.length > 10 && parts.every((part) => part.length < 2 ** 20), 'none is large');
  t.same(await new LargeJson('é').parts(), [Buffer.from('"é"')]);
});

t.test('others get their turn while a large one is made', async (t) => {
  let numTurns = 0;
  let isDone = false;
  const count = (): void => {
    numTurns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await new LargeJson(slowRows(80)).text();
  isDone = true;
  t.ok(numTurns >= 15, `${numTurns} turns`);
});
