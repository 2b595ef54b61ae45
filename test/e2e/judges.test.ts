import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { postJson } from './client.js';
import { startRadish } from './radish-process.js';

/** What transformers computed; written by test/fixtures/make_judge_goldens.py. */
interface Golden {
  readonly query: string;
  readonly documents: readonly string[];
  readonly scores: readonly number[];
}

for (const name of ['qwen3-reranker', 'mxbai-rerank-v2']) {
  t.test(`${name}: /v1/rerank gives the scores of transformers`, async (t) => {
    const folder = join('test', 'fixtures', 'judges', name);
    const golden = JSON.parse(await readFile(join(folder, 'golden.json'), 'utf8')) as Golden;
    const { query, documents } = golden;
    const template = join('docs', 'templates', `${name}.jinja`);
    const args = ['--model-path', folder, '--chat-template', template, '--quantization', 'none'];
    const radish = await startRadish(args);
    const answer = await postJson(`${radish.url}/v1/rerank`, { query, documents });
    t.equal(answer.status, 200);
    const items = (await answer.json()) as { score: number; index: number; document: string }[];
    const best = [...golden.scores].sort((a, b) => b - a);
    for (const [at, { score, index, document }] of items.entries()) {
      t.equal(document, documents[index]);
      t.ok(Math.abs(score - (golden.scores[index] ?? NaN)) < 1e-4, `${document}: ${score}`);
      t.ok(Math.abs(score - (best[at] ?? NaN)) < 1e-4, 'the best comes first');
    }
    const results = await postJson(`${radish.url}/rerank`, { query, documents, top_n: 1 });
    const [first] = ((await results.json()) as { results: { relevance_score: number }[] }).results;
    t.ok(Math.abs((first?.relevance_score ?? NaN) - (best[0] ?? NaN)) < 1e-4);
    const asked = await postJson(`${radish.url}/v1/rerank`, { query, documents, instruct: 'yes' });
    const others = (await asked.json()) as { score: number }[];
    t.notSame(
      others.map(({ score }) => score),
      items.map(({ score }) => score),
      'another instruction is another judgement',
    );
    await radish.stop();
  });
}
