import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { generate, postJson } from './client.js';
import { freePort, runRadish, startRadish } from './radish-process.js';

const STACK = /^\s+at .+:\d+:\d+/m;

t.test('start-up failures are one sentence and a non-zero exit', async (t) => {
  const broken = await mkdtemp(join(tmpdir(), 'radish-broken-'));
  await writeFile(
    join(broken, 'config.json'),
    JSON.stringify({ architectures: ['GPT9ForCausalLM'], model_type: 'gpt9' }),
  );
  const cases: [string, string[], RegExp][] = [
    ['folder missing', ['--model-path', './no-such-folder'], /no-such-folder/],
    ['unknown flag', ['--modle-path', 'x'], /--model-path/],
    ['bad value', ['--port', 'soon'], /port/],
    ['bad number', ['--page-size', '0'], /page-size/],
    [
      'bad sampling',
      ['--preferred-sampling-params', '{"temperature":-1}'],
      /--preferred-sampling-params: temperature must be/,
    ],
    ['architecture', ['--model-path', broken], /GPT9ForCausalLM.*LlamaForCausalLM/s],
  ];
  for (const [name, flags, message] of cases) {
    const run = runRadish(['serve', '--port', String(await freePort()), ...flags]);
    t.not(await run.exit, 0, name);
    t.match(run.log(), message, name);
    t.notMatch(run.log(), STACK, `${name}: no stack trace`);
  }
});

t.test('a port in use is said so', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const { port } = new URL(radish.url);
  const second = runRadish(['serve', '--port', port]);
  t.not(await second.exit, 0);
  t.match(second.log(), new RegExp(`${port}.*in use`, 's'));
  t.notMatch(second.log(), STACK);
});

t.test('--help and --version', async (t) => {
  const help = runRadish(['--help']);
  t.equal(await help.exit, 0);
  t.match(help.log(), /--model-path/);
  const version = runRadish(['--version']);
  t.equal(await version.exit, 0);
  t.match(version.log(), /^\d+\.\d+\.\d+\n$/);
});

t.test('SIGTERM drains: running requests finish, the exit is clean', async (t) => {
  const radish = await startRadish();
  const pending = generate(radish.url, {
    text: 'Once',
    sampling_params: { max_new_tokens: 150, ignore_eos: true },
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const exit = radish.stop('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const late = await postJson(`${radish.url}/generate`, { text: 'x' }).then(
    (response) => response.status,
    () => 'refused',
  );
  t.ok(late === 503 || late === 'refused', `new work: ${late}`);
  t.equal((await pending).meta_info.completion_tokens, 150);
  t.equal(await exit, 0);
});

t.test('SIGTERM as soon as it listens drains too, whatever the warm-up does', async (t) => {
  const run = runRadish(['serve', '--port', String(await freePort())]);
  await run.printed('Listening on');
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0, run.log());
  t.match(run.log(), /Bye\./);
});

t.test('a second signal does not wait', async () => {
  const radish = await startRadish();
  void generate(radish.url, {
    text: 'Once',
    sampling_params: { max_new_tokens: 1800, ignore_eos: true },
  }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const began = Date.now();
  radish.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await radish.stop('SIGTERM');
  t.ok(Date.now() - began < 3000, `took ${Date.now() - began} ms`);
});
