import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';

import { asLarge, LazyRows } from '../../../src/http/large-json.js';
import { OrderedJson } from '../../../src/http/ordered-json.js';

function rows(count: number, width: number, render = (row: number): unknown => [row]) {
  return new LazyRows(
    Array.from({ length: count }, (_, i) => i),
    render,
    width,
  );
}

t.test('what is large is told by its lazy rows, wherever they are', (t) => {
  t.equal(asLarge({ ids: new Array(100_000).fill(1), few: rows(10, 5) }), null);
  t.not(asLarge({ choices: [{ logprobs: { content: rows(100, 257) } }] }), null);
  t.not(asLarge({ a: rows(16 * 1024, 1), b: rows(1, 1) }), null, 'the sum counts');
  t.end();
});

t.test('large events are made in turns, and the order is kept', async (t) => {
  const texts: string[] = [];
  let numIdle = 0;
  const json = new OrderedJson(() => numIdle++);
  const put = (value: unknown) => {
    json.put(
      value,
      (text) => texts.push(text),
      (error) => t.error(error),
    );
  };
  put({ n: 1 });
  t.same(texts, ['{"n":1}'], 'a small one is out at once');
  t.notOk(json.isBusy);
  const large = { n: 2, rows: rows(20_000, 2, (row) => [row, 'x'.repeat(200)]) };
  put(large);
  put({ n: 3 });
  t.ok(json.isBusy);
  t.equal(texts.length, 1);
  let numTurns = 0;
  for (; json.isBusy; numTurns++) await turn();
  t.ok(numTurns > 2, `${numTurns} turns of others`);
  t.same(texts, ['{"n":1}', JSON.stringify(large), '{"n":3}']);
  t.equal(numIdle, 1);
});

t.test('what goes wrong in a piece is told, and the next one still comes', async (t) => {
  const texts: string[] = [];
  const errors: unknown[] = [];
  const json = new OrderedJson(() => undefined);
  const bug = new Error('a bug');
  const broken = rows(10_000, 2, () => {
    throw bug;
  });
  for (const value of [{ broken }, { n: 2 }])
    json.put(
      value,
      (text) => texts.push(text),
      (error) => errors.push(error),
    );
  while (json.isBusy) await turn();
  t.same(texts, ['{"n":2}']);
  t.same(errors, [bug]);
});
