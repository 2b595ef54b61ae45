import t from 'tap';

import type { ReqInput, ReqLogprobRow } from '../../../../src/messages.js';
import { startApp, type TestApp } from '../test-app.js';

const VALUES = Float32Array.of(-0.5, -0.25, -1, -2);

function row(
  req: ReqInput,
  part: 'prompt' | 'output',
  position: number,
  id: number,
): ReqLogprobRow {
  return { num: req.num, part, position, ids: Int32Array.of(id, 98, 99, 100), values: VALUES };
}

async function open(t: { teardown(fn: () => void): void }): Promise<TestApp> {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      const start = req.logprobs?.startLen ?? 0;
      const prompt = [...req.inputIds.keys()]
        .filter((position) => position >= Math.max(1, start))
        .map((position) => row(req, 'prompt', position, req.inputIds[position] ?? 0));
      app.scheduler.step([[req.num, 104]], [...prompt, row(req, 'output', 0, 104)]);
      app.scheduler.step([[req.num, 105]], [row(req, 'output', 1, 105)]);
      app.scheduler.finish(req.num, { type: 'length', length: 2 });
    });
  };
  return app;
}

const WANTS = { return_logprob: true, top_logprobs_num: 2, token_ids_logprob: [100] };

t.test('prompt and output log-probabilities', async (t) => {
  const app = await open(t);
  const { json } = await app.post('/generate', { text: 'abc', logprob_start_len: 0, ...WANTS });
  t.match((json as { meta_info: object }).meta_info, {
    input_token_logprobs: [
      [null, 97, null],
      [-0.5, 98, null],
      [-0.5, 99, null],
    ],
    output_token_logprobs: [
      [-0.5, 104, null],
      [-0.5, 105, null],
    ],
    output_token_logprobs_length: 2,
    input_top_logprobs: [
      null,
      [
        [-0.25, 98, null],
        [-1, 99, null],
      ],
      [
        [-0.25, 98, null],
        [-1, 99, null],
      ],
    ],
    output_top_logprobs: [
      [
        [-0.25, 98, null],
        [-1, 99, null],
      ],
      [
        [-0.25, 98, null],
        [-1, 99, null],
      ],
    ],
    input_token_ids_logprobs: [null, [[-2, 100, null]], [[-2, 100, null]]],
    output_token_ids_logprobs: [[[-2, 100, null]], [[-2, 100, null]]],
  });
});

t.test('prompt_tokens = logprob_start_len + input_token_logprobs', async (t) => {
  const app = await open(t);
  for (const start of [0, 1, 2, 3]) {
    const body = { text: 'abc', return_logprob: true, logprob_start_len: start };
    const { json } = await app.post('/generate', body);
    const { meta_info: meta } = json as { meta_info: Record<string, unknown[]> };
    t.equal(meta['input_token_logprobs']?.length, 3 - start);
    t.notOk('input_top_logprobs' in meta);
  }
  const { json } = await app.post('/generate', { text: 'abc', return_logprob: true });
  t.match(json, { meta_info: { input_token_logprobs: [], output_token_logprobs: /./ } });
});

t.test('text on request, and lists per prompt', async (t) => {
  const app = await open(t);
  const { json } = await app.post('/generate', {
    text: ['ab', 'cd'],
    return_logprob: [true, false],
    return_text_in_logprobs: true,
  });
  const [first, second] = json as { meta_info: Record<string, unknown> }[];
  t.strictSame(first?.meta_info['output_token_logprobs'], [
    [-0.5, 104, 'h'],
    [-0.5, 105, 'i'],
  ]);
  t.notOk('output_token_logprobs' in (second?.meta_info ?? {}));
});

t.test('prompt ids on request', async (t) => {
  const app = await open(t);
  const { json } = await app.post('/generate', {
    input_ids: [1, 2],
    return_prompt_token_ids: true,
  });
  t.match(json, { prompt_token_ids: [1, 2] });
});
