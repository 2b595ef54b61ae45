import t from 'tap';

import { startApp } from './test-app.js';

t.test('GET /limits gives the table out', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const response = await fetch(`${app.url}/limits`);
  t.equal(response.status, 200);
  const limits = [{ what: 'a thing', value: 5, unit: 'count', note: null, flag: null }];
  t.same(await response.json(), { limits });
});

t.test('a refusal names its bound', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const sampling = (params: object): object => ({ text: 'a', sampling_params: params });
  const texts = (length: number): string[] => Array.from({ length }, () => 'a');
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const cases: readonly [what: string, path: string, body: object, bound: number][] = [
    ['samples of a prompt', '/generate', sampling({ n: 257 }), 256],
    ['samples of a request', '/generate', { text: texts(100), sampling_params: { n: 50 } }, 4096],
    ['stop strings', '/generate', sampling({ stop: texts(257) }), 256],
    ['a stop string', '/generate', sampling({ stop: 'a'.repeat(4097) }), 4096],
    ['stop regexes', '/generate', sampling({ stop_regex: 'a'.repeat(1025) }), 1024],
    ['rid', '/generate', { text: 'a', rid: 'a'.repeat(1025) }, 1024],
    ['top logprobs', '/generate', { text: 'a', return_logprob: true, top_logprobs_num: 257 }, 256],
    [
      'chosen ids',
      '/generate',
      { text: 'a', return_logprob: true, token_ids_logprob: Array.from({ length: 1025 }, () => 1) },
      1024,
    ],
    ['JSON depth', '/generate', { text: 'a', custom_labels: nested(130) }, 128],
    ['texts of /tokenize', '/tokenize', { prompt: texts(4097) }, 4096],
    ['context', '/generate', { text: 'a'.repeat(300) }, 200],
  ];
  for (const [what, path, body, bound] of cases) {
    const { status, text } = await app.post(path, body);
    t.equal(status, 400, what);
    t.match(
      text.replace(/(\d),(\d)/g, '$1$2'),
      new RegExp(`\\b${bound}\\b`),
      `${what}: ${text.slice(0, 200)}`,
    );
  }
});
