import t from 'tap';

import { ThoughtCounter } from '../../../src/engine/thought-counter.js';

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
