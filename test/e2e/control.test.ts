import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { flatError } from '../doubles/error-bodies.js';
import { generate, generateStream, postJson, settledPools } from './client.js';
import { freePort, runRadish, startRadish } from './radish-process.js';

const long = { temperature: 0, max_new_tokens: 120, ignore_eos: true };
const text = 'Tell me a long story about a small red radish that wanted to see the sea. '.repeat(2);

async function json(url: string, body?: unknown): Promise<unknown> {
  return (await (body === undefined ? fetch(url) : postJson(url, body))).json();
}

async function numRunning(url: string): Promise<number> {
  const loads = (await json(`${url}/v1/loads?include=core`)) as {
    loads: { num_running_reqs: number }[];
  };
  return loads.loads.reduce((sum, load) => sum + load.num_running_reqs, 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

t.test('what surrounds generation, on the built-in model', async (t) => {
  const radish = await startRadish([
    '--enable-metrics',
    '--enable-priority-scheduling',
    '--max-running-requests',
    '1',
    '--log-requests',
    '--log-requests-level',
    '0',
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const undisturbed = await generate(url, { text, sampling_params: long });

  await t.test('tokens there and back', async (t) => {
    const { tokens } = (await json(`${url}/tokenize`, { prompt: text })) as { tokens: number[] };
    t.equal(tokens.length, undisturbed.meta_info.prompt_tokens);
    t.same(await json(`${url}/v1/detokenize`, { tokens }), { text });
    const messages = [{ role: 'user', content: 'Hello' }];
    const chat = await json(`${url}/tokenize`, { messages });
    const answer = (await json(`${url}/v1/chat/completions`, { messages, max_tokens: 1 })) as {
      usage: { prompt_tokens: number };
    };
    t.match(chat, { count: answer.usage.prompt_tokens });
    const refused = await postJson(`${url}/tokenize`, { messages, tools: [{}] });
    t.equal(refused.status, 400);
  });

  await t.test('the first chunk of a stream knows its cached tokens', async (t) => {
    const [first] = await generateStream(url, { text, sampling_params: long });
    t.equal(first?.meta_info.finish_reason, null);
    t.ok((first?.meta_info.cached_tokens ?? 0) >= 16);
  });

  for (const mode of ['in_place', 'retract']) {
    await t.test(`a pause (${mode}) changes nothing but time`, async (t) => {
      const running = generate(url, { text, sampling_params: long });
      await until(async () => (await numRunning(url)) === 1);
      t.match(await json(`${url}/pause_generation`, { mode }), { status: 'ok' });
      const flushed = await postJson(`${url}/flush_cache`, {});
      t.equal(flushed.status, mode === 'retract' ? 200 : 400);
      const held = generate(url, {
        text: 'Hello',
        sampling_params: { max_new_tokens: 2, ignore_eos: true },
      });
      await json(`${url}/continue_generation`, {});
      t.same((await running).output_ids, undisturbed.output_ids);
      t.equal((await held).output_ids.length, 2);
    });
  }

  await t.test('a much higher priority takes the slot', async (t) => {
    const ended: string[] = [];
    const run = async (name: string, body: object): Promise<number[]> => {
      const { output_ids } = await generate(url, body);
      ended.push(name);
      return output_ids;
    };
    const low = run('low', { text, priority: 0, sampling_params: long });
    await until(async () => (await numRunning(url)) === 1);
    await run('high', { text: 'Hi', priority: 50, sampling_params: { max_new_tokens: 3 } });
    t.same(await low, undisturbed.output_ids);
    t.same(ended, ['high', 'low']);
  });

  await t.test('a profile of a generation', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'radish-profile-'));
    await postJson(`${url}/start_profile`, { output_dir: folder, profile_id: 'p' });
    await generate(url, {
      text: 'Hello',
      sampling_params: { max_new_tokens: 8, ignore_eos: true },
    });
    t.equal((await postJson(`${url}/stop_profile`, {})).status, 200);
    t.same((await readdir(folder)).sort(), ['p-main.cpuprofile', 'p-steps.trace.json']);
    const trace = JSON.parse(await readFile(join(folder, 'p-steps.trace.json'), 'utf8')) as {
      traceEvents: { name: string; dur: number }[];
    };
    t.ok(trace.traceEvents.filter(({ name }) => name === 'decode').length >= 7);
    t.ok(trace.traceEvents.every(({ dur }) => dur > 0));
  });

  await t.test('what was counted', async (t) => {
    await settledPools(url);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const value = (name: string): number =>
      Number(new RegExp(`^sglang:${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(metrics)?.[1]);
    const received = radish.log().match(/Receive: obj=/g)?.length;
    t.equal(value('num_requests_total'), received);
    t.ok(value('generation_tokens_total') >= 5 * 120);
    t.equal(value('time_to_first_token_seconds_count'), received);
    t.ok(value('num_retracted_requests_total') >= 2);
    t.equal(value('num_running_reqs'), 0);
    t.match(await json(`${url}/get_load`), [{ dp_rank: 0, num_reqs: 0, num_waiting_reqs: 0 }]);
  });
});

t.test('time-outs and the admin key', async (t) => {
  const port = await freePort();
  const flags = ['--port', String(port), '--admin-api-key', 'boss'];
  const radish = runRadish(flags, { SGLANG_REQ_RUNNING_TIMEOUT: '0.2' });
  t.teardown(() => {
    radish.child.kill();
    return radish.exit;
  });
  await radish.printed('ready to roll!');
  const url = `http://127.0.0.1:${port}`;
  const endless = { ...long, max_new_tokens: 1500 };
  const late = await postJson(`${url}/generate`, { text, sampling_params: endless });
  t.equal(late.status, 503);
  t.same(await late.json(), flatError(503, '503', 'Request running timeout reached.'));
  t.equal((await postJson(`${url}/flush_cache`, {})).status, 401);
  const headers = { authorization: 'Bearer boss' };
  t.equal((await postJson(`${url}/flush_cache`, {}, { headers })).status, 200);
});
