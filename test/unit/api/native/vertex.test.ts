import t from 'tap';

import { startApp, type TestApp } from '../test-app.js';

const PATH = '/vertex_generate';

async function open(): Promise<TestApp> {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      app.scheduler.step([[req.num, req.inputIds[0] ?? 0]]);
      app.scheduler.finish(req.num, { type: 'length', length: 1 });
    });
  };
  return app;
}

t.test('instances are the prompts of one /generate, its answers the predictions', async (t) => {
  const app = await open();
  const two = await app.post(PATH, {
    instances: [{ text: 'ab' }, { text: 'cd' }],
    parameters: { sampling_params: { max_new_tokens: 1 } },
  });
  t.equal(two.status, 200);
  t.match(two.json, { predictions: [{ text: 'a' }, { text: 'c' }] });
  const ids = await app.post(PATH, { instances: [{ input_ids: [101] }] });
  t.match(ids.json, { predictions: [{ output_ids: [101] }] });
  const none = await app.post(PATH, { instances: [] });
  t.strictSame([none.status, none.json], [200, []]);
  const stream = await app.post(PATH, { instances: [{ text: 'x' }], parameters: { stream: true } });
  t.match(stream.text, /^data: \{"text":"x"[^]*data: \[DONE\]\n\n$/);
});

t.test('what is no list of instances is refused', async (t) => {
  const app = await open();
  for (const [body, message] of [
    [{}, 'instances must be a list of objects.'],
    [{ instances: 'a' }, 'instances must be a list of objects.'],
    [{ instances: ['a'] }, 'Each instance must be an object.'],
    [{ instances: [{ text: 'a' }], parameters: [] }, 'parameters must be an object.'],
    [{ instances: [], parameters: [null] }, 'parameters must be an object.'],
    [{ instances: [{}] }, /text/],
    [{ instances: [{ text: 'a' }, {}] }, /./],
    [{ instances: [{ text: 'a', image_data: 'x' }] }, /^image_data was given/],
  ] as const) {
    const { status, json } = await app.post(PATH, body);
    t.equal(status, 400);
    t.match((json as { error?: { message: string } }).error?.message, message);
  }
});

t.test('/tokenizer_info is tokenizer_config.json and what the server made of it', async (t) => {
  const app = await open();
  const response = await fetch(`${app.url}/tokenizer_info`);
  t.equal(response.status, 200);
  t.strictSame(await response.json(), { eos_token: '</s>', vocab_size: 303, eos_token_id: 300 });
  const bare = await startApp({ skipTokenizerInit: true });
  t.equal((await fetch(`${bare.url}/tokenizer_info`)).status, 400);
  bare.app.close();
});
