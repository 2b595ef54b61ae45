import t from 'tap';

import { ThoughtCounter } from '../../../src/core/thought.js';

function count(marks: { start: number[]; end: number[] }, tokens: readonly number[]): number {
  const counter = new ThoughtCounter(marks);
  for (const token of tokens) counter.push(token);
  return counter.count;
}

t.test('tokens of a thought, its tags among them', (t) => {
  const own = { start: [1, 2], end: [8, 9] };
  t.equal(count(own, [1, 2, 5, 8, 8, 9, 5, 5]), 6);
  t.equal(count(own, [1, 2, 5, 5]), 4, 'it has not ended');
  t.equal(count(own, [1, 5, 8, 9]), 0, 'it did not begin with the tag');
  t.equal(count({ ...own, start: [] }, [5, 8, 9, 1]), 3, 'it began in the prompt');
  t.end();
});

t.test('the closing tag goes on where it was left', (t) => {
  const counter = new ThoughtCounter({ start: [1], end: [8, 8, 9] });
  const closings = [1, 5, 8, 8, 8, 9, 8].map((token) => {
    counter.push(token);
    return counter.closing;
  });
  t.strictSame(closings, [8, 8, 8, 9, 9, null, null]);
  t.equal(new ThoughtCounter({ start: [1], end: [8] }).closing, null, 'no thought has begun');
  t.equal(new ThoughtCounter({ start: [], end: [8] }).closing, 8);
  t.end();
});
