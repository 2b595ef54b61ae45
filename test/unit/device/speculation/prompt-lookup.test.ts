import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import { PromptLookup } from '../../../../src/device/speculation/prompt-lookup.js';

const WINDOWS = { minMatch: 3, maxMatch: 12 };

function lookupOf(prompt: readonly number[], outputs: readonly number[] = []): PromptLookup {
  const lookup = new PromptLookup(WINDOWS, Int32Array.from(prompt));
  for (const token of outputs) lookup.push(token);
  return lookup;
}

/** `[from, from + count)` */
function run(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

t.test('drafts are what followed the same tokens before', (t) => {
  const lookup = lookupOf([...run(10, 20), 500, 10, 11, 12]);
  t.ok(lookup.isDrafting);
  t.same(lookup.draft(4), [13, 14, 15, 16]);
  t.end();
});

t.test('nothing is drafted while too little agrees', (t) => {
  const lookup = lookupOf([...run(10, 20), 500, 10, 11]);
  t.notOk(lookup.isDrafting);
  lookup.push(12);
  t.ok(lookup.isDrafting, 'the outputs count');
  lookup.push(99);
  t.notOk(lookup.isDrafting, 'the match was wrong');
  t.end();
});

t.test('drafts go on into themselves where the text repeats', (t) => {
  t.same(lookupOf([1, 2, 3, 1, 2, 3]).draft(7), [1, 2, 3, 1, 2, 3, 1]);
  t.end();
});

t.test('a match that goes on earns more drafts at once', (t) => {
  const lookup = lookupOf([...run(10, 80), 500, 10, 11, 12]);
  t.equal(lookup.numDrafts, 7);
  for (const token of run(13, 8)) lookup.push(token);
  t.equal(lookup.numDrafts, 15);
  for (const token of run(21, 16)) lookup.push(token);
  t.equal(lookup.numDrafts, Infinity);
  lookup.push(400);
  for (const token of run(30, 3)) lookup.push(token);
  t.ok(lookup.isDrafting);
  t.equal(lookup.numDrafts, 7, 'each match by itself');
  t.end();
});

t.test('drafts that are wrong soon ask more of the next match, up to a limit', (t) => {
  const text = run(10, 100);
  const lookup = lookupOf(text);
  const matchingUntilDrafts = (from: number): number => {
    let count = 0;
    while (!lookup.isDrafting) lookup.push(from + count++);
    return count;
  };
  t.equal(matchingUntilDrafts(20), 3);
  lookup.push(900);
  t.equal(matchingUntilDrafts(40), 6);
  lookup.push(901);
  t.equal(matchingUntilDrafts(60), 12);
  lookup.push(902);
  t.equal(matchingUntilDrafts(30), 12, 'no more than maxMatch');
  for (const token of run(42, 24)) lookup.push(token);
  lookup.push(903);
  t.equal(matchingUntilDrafts(20), 6, 'good ones ask less again');
  for (const token of run(26, 24)) lookup.push(token);
  lookup.push(904);
  t.equal(matchingUntilDrafts(50), 3);
  for (const token of run(53, 10)) lookup.push(token);
  lookup.push(905);
  t.equal(matchingUntilDrafts(20), 3, 'fair ones change nothing');
  t.end();
});

t.test('how drafts are cut changes nothing: each is the first one of the tokens before it', (t) => {
  const random = seededRandom(5);
  let numDrafted = 0;
  for (let round = 0; round < 100; round++) {
    const tokens = repetitive(random, 120);
    const prompt = tokens.slice(0, 30);
    for (let end = 30; end < 120; end += 7) {
      const outputs = tokens.slice(30, end);
      const drafts = lookupOf(prompt, outputs);
      if (!drafts.isDrafting) continue;
      const chain = drafts.draft(9);
      const followed = lookupOf(prompt, outputs);
      for (const draft of chain) {
        numDrafted++;
        t.ok(followed.isDrafting, 'the row of a correct draft is one of a verification');
        t.equal(followed.draft(1)[0], draft);
        followed.push(draft);
      }
      t.ok(followed.isDrafting);
    }
  }
  t.ok(numDrafted > 1000, `${numDrafted} drafts`);
  t.end();
});

/** Random tokens with copies of earlier ones. */
function repetitive(random: () => number, length: number): number[] {
  const tokens: number[] = [1];
  while (tokens.length < length) {
    if (random() < 0.6) tokens.push(Math.floor(random() * 8));
    const from = Math.floor(random() * tokens.length);
    tokens.push(...tokens.slice(from, from + Math.floor(random() * 12)));
  }
  return tokens.slice(0, length);
}
