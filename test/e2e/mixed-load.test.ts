import { join } from 'node:path';
import t, { type Test } from 'tap';
import { settledPools } from './client.js';
import { deepenedModel } from './deepened-model.js';
import { askMixed, compareMixed, mixedRequests } from './mixed-load.js';
import { startRadish } from './radish-process.js';
import { standalone, sumOf } from './speculated.js';

t.setTimeout(240_000);

/** K and V in integers, and so few pages that requests are retracted. */
const TIGHT = [
  ['--quantization', 'w8a8_int8', '--kv-cache-dtype', 'int8'],
  ['--max-running-requests', '16'],
  ['--schedule-conservativeness', '0'],
].flat();

const TEXTS = [
  'The sky is blue and the sea is wide. The sea is blue and the sky is wide. '.repeat(4),
  'One, two, three, four. One, two, three, five. One, two, six. '.repeat(4),
  'Why is it so, they ask, and nobody says why it is so. A boat is on the sea. '.repeat(4),
];

interface Load {
  readonly model: readonly string[];
  readonly flags: readonly string[];
  readonly numAtOnce: number;
  readonly numPageTokens: number;
}

async function sameWith(t: Test, { flags, numAtOnce, ...load }: Load): Promise<void> {
  const model = [...load.model, '--max-total-tokens', String(load.numPageTokens)];
  const requests = mixedRequests({
    count: 60,
    seed: 3,
    texts: TEXTS,
    maxPromptChars: 160,
    maxNewTokens: 120,
  });
  const without = await startRadish([...TIGHT, ...model]);
  const withDrafts = await startRadish([...TIGHT, ...model, ...flags]);
  t.teardown(() => Promise.all([without.stop(), withDrafts.stop()]));
  const plain = await askMixed(without.url, requests, numAtOnce);
  const drafted = await askMixed(withDrafts.url, requests, numAtOnce);
  const { different, numWhole, numTokens } = compareMixed(plain, drafted);
  t.same(different, []);
  t.ok(numWhole > 40 && numTokens > 1000);
  t.ok(sumOf(drafted, 'num_retractions') > 0, 'some were retracted');
  const numRight = sumOf(drafted, 'spec_num_correct_drafts');
  t.comment(`${numRight} drafts were right`);
  t.ok(numRight > 5, 'drafts were right');
  for (const { url } of [without, withDrafts]) await settledPools(url);
}

t.test('a mixed load has the same answers with prompt lookup', (t) =>
  sameWith(t, {
    model: [],
    flags: ['--speculative-algorithm', 'NGRAM'],
    numAtOnce: 16,
    numPageTokens: 320,
  }),
);

t.test('and with a draft model', async (t) => {
  const [, folder = '', ...flags] = standalone(await deepenedModel(join(t.testdir(), 'deep'), 5));
  // More at once are too many for it to draft.
  await sameWith(t, { model: ['--model-path', folder], flags, numAtOnce: 3, numPageTokens: 320 });
});
