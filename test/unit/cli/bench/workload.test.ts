import t from 'tap';

import { tokenMaker, wordMaker } from '../../../../src/cli/bench/prompts.js';
import { createRandom } from '../../../../src/cli/bench/random.js';
import { rowsOf, type Workload } from '../../../../src/cli/bench/workload.js';

const IDS = tokenMaker([5, 6, 7, 8, 9]);

const RANDOM: Workload = {
  kind: 'random',
  numPrompts: 200,
  inputLen: 20,
  outputLen: 10,
  rangeRatio: 0.5,
};

t.test('random: lengths within their range, the same for a seed', (t) => {
  const rows = rowsOf(RANDOM, IDS, createRandom(1));
  t.equal(rows.length, 200);
  const lengths = rows.map(({ promptLen }) => promptLen);
  t.equal(Math.min(...lengths), 10);
  t.equal(Math.max(...lengths), 20);
  t.equal(Math.min(...rows.map(({ outputLen }) => outputLen)), 5);
  for (const { prompt, promptLen } of rows) t.equal(prompt.length, promptLen);
  t.strictSame(rowsOf(RANDOM, IDS, createRandom(1)), rows);
  t.notSame(rowsOf(RANDOM, IDS, createRandom(2)), rows);
  const whole = rowsOf({ ...RANDOM, rangeRatio: 1 }, IDS, createRandom(1));
  t.ok(whole.every(({ promptLen, outputLen }) => promptLen === 20 && outputLen === 10));
  const wide = rowsOf({ ...RANDOM, rangeRatio: 0 }, IDS, createRandom(1));
  t.equal(Math.min(...wide.map(({ promptLen }) => promptLen)), 1);
  t.end();
});

t.test('shared prefix: a group begins alike, and groups are mixed', (t) => {
  const workload: Workload = {
    kind: 'generated-shared-prefix',
    numGroups: 4,
    promptsPerGroup: 5,
    systemPromptLen: 12,
    questionLen: 3,
    outputLen: 2,
    rangeRatio: 1,
    ordered: true,
  };
  const rows = rowsOf(workload, IDS, createRandom(3));
  const starts = rows.map(({ prompt }) => prompt.slice(0, 12).toString());
  t.equal(rows.length, 20);
  t.equal(new Set(starts).size, 4);
  t.strictSame(
    starts,
    [0, 5, 10, 15].flatMap((first) => Array<string | undefined>(5).fill(starts[first])),
  );
  t.ok(rows.every(({ prompt, promptLen }) => prompt.length === 15 && promptLen === 15));
  const mixed = rowsOf({ ...workload, ordered: false }, IDS, createRandom(3));
  t.notSame(mixed, rows);
  t.strictSame(
    new Set(mixed.map(({ prompt }) => prompt.toString())),
    new Set(rows.map(({ prompt }) => prompt.toString())),
  );
  t.end();
});

t.test('words stand for as many tokens as were measured', (t) => {
  const maker = wordMaker({ perWord: 1.25, added: 10 });
  const random = createRandom(1);
  t.equal(maker.draw(60, random, true).length, 40);
  t.equal(maker.draw(60, random, false).length, 48);
  t.equal(maker.draw(1, random, true).length, 1);
  t.match(maker.join(['a', 'b']), /^a b$/);
  t.end();
});
