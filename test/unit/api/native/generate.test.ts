import t from 'tap';

import { EOS, idsOf } from '../tiny-tokenizer.js';
import { startApp, type TestApp } from '../test-app.js';

const LENGTH = { type: 'length' as const, length: 3 };

interface Answer {
  text: string;
  output_ids: number[];
  index?: number;
  meta_info: Record<string, unknown>;
}

function echoing(app: TestApp, text: string): void {
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      app.scheduler.run(req, idsOf(text), LENGTH);
    });
  };
}

t.test('/generate answers one prompt', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  echoing(app, 'abc');

  t.test('with an object', async (t) => {
    const { status, headers, json } = await app.post('/generate', { text: 'hi', rid: 'r1' });
    t.equal(status, 200);
    t.equal(headers.get('content-type'), 'application/json');
    const answer = json as Answer;
    t.equal(answer.text, 'abc');
    t.strictSame(answer.output_ids, idsOf('abc'));
    t.notOk('index' in answer);
    t.match(answer.meta_info, {
      id: 'r1',
      finish_reason: LENGTH,
      prompt_tokens: 2,
      weight_version: 'default',
      num_retractions: 0,
      reasoning_tokens: 0,
      completion_tokens: 3,
      cached_tokens: 0,
      cached_tokens_details: null,
      dp_rank: null,
    });
    t.type(answer.meta_info['e2e_latency'], 'number');
    t.type(answer.meta_info['response_sent_to_client_ts'], 'number');
    t.notOk('input_token_logprobs' in answer.meta_info);
  });

  t.test('by PUT as by POST', async (t) => {
    const response = await fetch(`${app.url}/generate`, { method: 'PUT', body: '{"text":"hi"}' });
    t.equal(((await response.json()) as Answer).text, 'abc');
  });

  t.test('as a cumulative stream without index', async (t) => {
    const { status, headers, text } = await app.post('/generate', { text: 'hi', stream: true });
    t.equal(status, 200);
    t.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const frames = text.split('\n\n');
    t.equal(frames.pop(), '');
    t.equal(frames.pop(), 'data: [DONE]');
    t.ok(frames.every((frame) => frame.startsWith('data: {')));
    const chunks = frames.map((frame) => JSON.parse(frame.slice(6)) as Answer);
    const first = chunks[0] as Answer;
    t.equal(first.text, 'a');
    t.equal(first.meta_info['finish_reason'], null);
    t.notOk('e2e_latency' in first.meta_info);
    t.type(first.meta_info['response_sent_to_client_ts'], 'number');
    t.notOk('response_sent_to_client_ts' in (chunks[1] as Answer).meta_info);
    t.notOk('index' in first);
    const last = chunks.at(-1);
    t.equal(
      last?.meta_info['response_sent_to_client_ts'],
      first.meta_info['response_sent_to_client_ts'],
    );
    t.equal(last?.text, 'abc');
    t.strictSame(last?.meta_info['finish_reason'], LENGTH);
  });
});

t.test('a batch is an array in prompt-major order', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    const own = [...req.inputIds];
    setImmediate(() => {
      app.scheduler.run(req, own, { type: 'stop', matched: EOS });
    });
  };
  const batch = await app.post('/generate', { text: ['ab', 'cd'], rid: 'x' });
  const answers = batch.json as Answer[];
  t.strictSame(
    answers.map(({ text }) => text),
    ['ab', 'cd'],
  );
  t.strictSame(
    answers.map(({ meta_info }) => meta_info['id']),
    ['x_0', 'x_1'],
  );
  const one = await app.post('/generate', { text: ['ab'] });
  t.equal((one.json as Answer[]).length, 1);

  const samples = await app.post('/generate', {
    text: ['ab', 'cd'],
    sampling_params: { n: 2, sampling_seed: 5 },
  });
  t.strictSame(
    (samples.json as Answer[]).map(({ text }) => text),
    ['ab', 'ab', 'cd', 'cd'],
  );
  const submit = app.scheduler.received.filter((message) => message.kind === 'submit').at(-1);
  t.strictSame(
    submit?.reqs.map(({ sampling }) => [sampling.seed, sampling.sampleIndex]),
    [
      [5, 0],
      [5, 1],
      [5, 0],
      [5, 1],
    ],
  );

  const stream = await app.post('/generate', { text: ['ab', 'cd'], stream: true });
  const chunks = stream.text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => JSON.parse(frame.slice(6)) as Answer);
  const lastOf = (index: number) => chunks.filter((chunk) => chunk.index === index).at(-1)?.text;
  t.equal(lastOf(0), 'ab');
  t.equal(lastOf(1), 'cd');
});

t.test('the first chunk of a stream knows what came from the cache', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    app.scheduler.admit(req.num, 16);
    app.scheduler.run(req, [97]);
    setImmediate(() => {
      app.scheduler.finish(req.num, { type: 'length', length: 1 }, { cachedTokens: 16 });
    });
  };
  const { text } = await app.post('/generate', { text: 'hi', stream: true });
  const [first = ''] = text.split('\n\n');
  t.match(JSON.parse(first.slice('data: '.length)), {
    meta_info: { finish_reason: null, cached_tokens: 16 },
  });
});

t.test('all 64 bits of a seed count, in the body of either dialect', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const seen: [number, number][] = [];
  app.scheduler.onAccepted = ({ num, sampling }) => {
    seen.push([sampling.seedHigh, sampling.seed]);
    setImmediate(() => {
      app.scheduler.finish(num, { type: 'length', length: 0 });
    });
  };
  for (const seed of ['7', '9007199254740993', '9223372036854775807', '-9223372036854775808']) {
    const params = `{"text":"\\"seed\\": 12345678901234567890,","sampling_params":{"sampling_seed": ${seed} }}`;
    t.equal((await app.post('/generate', params)).status, 200, seed);
    const body = `{"prompt":"a","seed":${seed}}`;
    t.equal((await app.post('/v1/completions', body)).status, 200, seed);
  }
  t.same(
    seen.filter((_, i) => i % 2 === 0),
    [
      [0, 7],
      [0x200000, 1],
      [0x7fffffff, 0xffffffff],
      [0x80000000, 0],
    ],
  );
  t.same(
    seen.filter((_, i) => i % 2 === 1),
    seen.filter((_, i) => i % 2 === 0),
  );
  const beyond = '{"text":"a","sampling_params":{"sampling_seed":9223372036854775808}}';
  t.match(await app.post('/generate', beyond), { status: 400, text: /sampling_seed must be in/ });
});
