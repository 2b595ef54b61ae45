/**
 * Whether speculation changes an answer: mixed requests to a server without it and to one with it, batched by chance, some
 * aborted: `node dist/test/bench/speculation/same.js --ports WITHOUT,WITH [--prompts 500]`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import type { GenerateResult } from '../../e2e/client.js';
import { askMixed, compareMixed, mixedRequests } from '../../e2e/mixed-load.js';
import { sumOf } from '../../e2e/speculated.js';
import { works } from './workloads.js';

const { values } = parseArgs({
  options: {
    ports: { type: 'string', default: '30000,30001' },
    prompts: { type: 'string', default: '500' },
    'at-once': { type: 'string', default: '2,24' },
    'output-tokens': { type: 'string', default: '96' },
    'prompt-chars': { type: 'string', default: '1200' },
    seed: { type: 'string', default: '1' },
  },
});

const requests = mixedRequests({
  count: Number(values.prompts),
  seed: Number(values.seed),
  texts: works().flatMap(({ prompts }) => prompts),
  maxPromptChars: Number(values['prompt-chars']),
  maxNewTokens: Number(values['output-tokens']),
});

/** The first of them so many at once, then others. */
async function ask(url: string): Promise<GenerateResult[]> {
  const batches = values['at-once'].split(',').map(Number);
  const answers: GenerateResult[] = [];
  for (const [i, numAtOnce] of batches.entries()) {
    const [from, to] = [i, i + 1].map((part) => (part * requests.length) / batches.length);
    answers.push(...(await askMixed(url, requests.slice(from, to), numAtOnce)));
  }
  return answers;
}

const runs: GenerateResult[][] = [];
for (const port of values.ports.split(',')) {
  runs.push(await ask(`http://127.0.0.1:${port}`));
}
const [without = [], withDrafts = []] = runs;
const comparison = compareMixed(without, withDrafts);
const facts = {
  bench: 'speculation/same',
  ...comparison,
  numRetractions: runs.map((answers) => sumOf(answers, 'num_retractions')),
  numDrafts: sumOf(withDrafts, 'spec_num_proposed_drafts'),
  numCorrect: sumOf(withDrafts, 'spec_num_correct_drafts'),
};
console.log(JSON.stringify(facts));
if (comparison.different.length > 0) process.exitCode = 1;
