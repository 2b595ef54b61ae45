import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import { NgramIndex, type NgramMatch } from '../../../../src/device/speculation/ngram-index.js';

function indexOf(tokens: readonly number[], minMatch: number, maxMatch: number): NgramIndex {
  const index = new NgramIndex({ minMatch, maxMatch });
  for (const token of tokens) index.push(token);
  return index;
}

t.test('the last tokens are found where they occurred before', (t) => {
  t.same(indexOf([1, 2, 3, 9, 1, 2, 3], 2, 8).find(), { next: 3, length: 3 });
  t.equal(indexOf([1, 2, 3, 9, 4, 2, 5], 2, 8).find(), null, 'one token alone is no match');
  t.equal(indexOf([], 2, 8).find(), null);
  t.equal(indexOf([7], 1, 8).find(), null);
  t.end();
});

t.test('the longest match wins, of equal ones the latest', (t) => {
  t.same(indexOf([5, 1, 2, 30, 6, 1, 2, 40, 5, 1, 2], 2, 8).find(), { next: 3, length: 3 });
  t.same(indexOf([5, 1, 2, 30, 5, 1, 2, 40, 5, 1, 2], 2, 8).find(), { next: 7, length: 3 });
  t.same(indexOf([9, 5, 1, 2, 30, 5, 1, 2, 40, 9, 5, 1, 2], 2, 3).find(), { next: 8, length: 3 });
  t.end();
});

t.test('a place may overlap the end', (t) => {
  t.same(indexOf([4, 4, 4, 4], 2, 8).find(), { next: 3, length: 3 });
  t.end();
});

t.test('as by looking at every place, for tokens of any number', (t) => {
  const random = seededRandom(3);
  for (let round = 0; round < 200; round++) {
    const minMatch = 1 + Math.floor(random() * 4);
    const maxMatch = minMatch + Math.floor(random() * 6);
    const vocabulary = 6 + Math.floor(random() * 20);
    const tokens: number[] = [];
    const index = new NgramIndex({ minMatch, maxMatch });
    // More than the index first has room for, now and then.
    const length = round % 20 === 0 ? 700 : 40;
    for (let i = 0; i < length; i++) {
      const token = Math.floor(random() * vocabulary);
      tokens.push(token);
      index.push(token);
      t.same(index.find(), byLooking(tokens, { minMatch, maxMatch }));
    }
    t.equal(index.length, length);
    t.equal(index.at(length - 1), tokens.at(-1));
    t.equal(index.at(length), -1);
  }
  t.end();
});

/** The best of the 16 latest places. */
function byLooking(
  tokens: readonly number[],
  { minMatch, maxMatch }: { minMatch: number; maxMatch: number },
): NgramMatch | null {
  let best: NgramMatch | null = null;
  let numPlaces = 0;
  for (let next = tokens.length - 1; next > 0 && numPlaces < 16; next--) {
    let length = 0;
    while (
      length < Math.min(maxMatch, next) &&
      tokens[next - 1 - length] === tokens[tokens.length - 1 - length]
    ) {
      length++;
    }
    if (length < minMatch) continue;
    numPlaces++;
    if (length > (best?.length ?? 0)) best = { next, length };
  }
  return best;
}
