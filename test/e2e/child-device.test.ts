/** The server with each device in a process of its own, beside one with threads: nothing else may differ. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { generate, generateStream, kvPools, postJson, settledPools } from './client.js';
import { areGone, devicesOf, printed, type DeviceProcess } from './device-processes.js';
import { startRadish, type RadishProcess } from './radish-process.js';

/** Twenty servers on a machine that does other things too. */
t.setTimeout(280_000);

const PROGRAM = fileURLToPath(new URL('../programs/child-devices.js', import.meta.url));
const LIBRARY_PROGRAM = fileURLToPath(new URL('../programs/child-library.js', import.meta.url));
const TINY = fileURLToPath(new URL('../../../config/tiny', import.meta.url));

const startWithChildren = (flags: readonly string[] = []): Promise<RadishProcess> =>
  startRadish(flags, {}, undefined, PROGRAM);

const story = (i: number) => ({
  text: `Story ${i}: once upon a time`,
  sampling_params: { temperature: 0, max_new_tokens: 120, ignore_eos: true },
});

/** Takes minutes. */
const endless = { text: 'Once', sampling_params: { max_new_tokens: 2000, ignore_eos: true } };

async function oneDeviceOf(radish: RadishProcess): Promise<DeviceProcess> {
  const [device] = await devicesOf(radish);
  if (device === undefined) throw new Error('no device has a process');
  return device;
}

t.test('answers are those of a thread', async (t) => {
  const [threads, children] = await Promise.all([startRadish(), startWithChildren()]);
  t.teardown(() => Promise.all([threads.stop(), children.stop()]));
  t.same(await devicesOf(threads), []);
  t.match(await devicesOf(children), [{ label: 'rank 0 generation 0' }]);
  const withLogprobs = {
    ...story(1),
    return_logprob: true,
    logprob_start_len: 0,
    top_logprobs_num: 3,
  };
  const regex = { sampling_params: { regex: '[a-f]{30}', max_new_tokens: 64, temperature: 0 } };
  for (const [what, body] of Object.entries({
    text: story(2),
    logprobs: withLogprobs,
    samples: { ...story(3), sampling_params: { n: 4, max_new_tokens: 30, sampling_seed: 7 } },
    grammar: { text: 'Letters: ', ...regex },
  })) {
    const [expected, found] = await Promise.all(
      [threads, children].map(async ({ url }) =>
        (await generateStream(url, body)).map((event) => withoutTimes(event)),
      ),
    );
    t.same(found?.at(-1), expected?.at(-1), what);
    if (what === 'grammar') t.match(found?.at(-1)?.text, /^[a-f]{30}$/);
    if (what === 'text') t.ok((found?.length ?? 0) > 10, 'in pieces');
  }
  const grammars = Array.from({ length: 16 }, (_, i) => ({ text: `Letters ${i}: `, ...regex }));
  const many = await Promise.all(grammars.map((body) => generate(children.url, body)));
  for (const { text } of many) t.match(text, /^[a-f]{30}$/);
  await settledPools(children.url);
});

/** What two servers must have in common. */
function withoutTimes({ text, output_ids, meta_info: meta }: Awaited<ReturnType<typeof generate>>) {
  const { finish_reason, output_token_logprobs, input_token_logprobs, output_top_logprobs } = meta;
  return {
    text,
    output_ids,
    finish_reason,
    output_token_logprobs,
    input_token_logprobs,
    output_top_logprobs,
  };
}

t.test('the life of a device', async (t) => {
  const radish = await startWithChildren(['--enable-memory-saver']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const { text } = await generate(url, story(0));

  await t.test('a client that leaves takes its request with it', async (t) => {
    const left = new AbortController();
    const response = await postJson(
      `${url}/generate`,
      { ...endless, stream: true },
      { signal: left.signal },
    );
    await response.body?.getReader().read();
    left.abort();
    await settledPools(url, 10_000);
    t.pass('its pages came back');
  });

  await t.test('new weights are a new process, and the old one goes', async (t) => {
    const [before, running] = [await oneDeviceOf(radish), generate(url, story(1))];
    const update = await postJson(`${url}/update_weights_from_disk`, { model_path: TINY });
    t.match(await update.json(), { success: true });
    await running;
    t.ok(await areGone([before]));
    t.match(await devicesOf(radish), [{ label: 'rank 0 generation 1' }]);
    t.equal((await generate(url, story(0))).text, text);
  });

  await t.test('memory is given back and taken again', async (t) => {
    const device = await oneDeviceOf(radish);
    const order = (path: string, tags?: string[]) => postJson(`${url}/${path}`, { tags });
    t.equal((await order('release_memory_occupation', ['kv_cache'])).status, 200);
    t.same(await oneDeviceOf(radish), device, 'weights stay');
    t.equal((await order('resume_memory_occupation', ['kv_cache'])).status, 200);
    t.equal((await generate(url, story(0))).text, text);
    t.equal((await order('release_memory_occupation')).status, 200);
    t.same(await devicesOf(radish), [], 'its process has gone when the answer comes');
    t.equal((await order('resume_memory_occupation')).status, 200);
    t.equal((await generate(url, story(0))).text, text);
  });
});

t.test('a native crash under load costs one device, and no request', async (t) => {
  const radish = await startWithChildren(['--dp-size', '2']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const expected = await Promise.all(Array.from({ length: 16 }, (_, i) => generate(url, story(i))));
  for (const [generation, signal] of (['SIGSEGV', 'SIGKILL'] as const).entries()) {
    const pending = Array.from({ length: 16 }, (_, i) => generate(url, story(i)));
    await wait(60);
    const label = `rank 1 generation ${generation}`;
    const victim = (await devicesOf(radish)).find((device) => device.label === label);
    process.kill(victim?.pid ?? 0, signal);
    for (const [i, answer] of (await Promise.all(pending)).entries()) {
      t.same(answer.output_ids, expected[i]?.output_ids, `request ${i}`);
    }
    await printed(radish, `Device 1 is back (generation ${generation + 1})`);
    const died = `Device 1 (generation ${generation}) died: the device's process was ended by ${signal}`;
    t.match(radish.log(), died);
  }
  t.match(radish.log(), /#retried-req: [1-9]/);
  t.same((await devicesOf(radish)).map(({ label }) => label).sort(), [
    'rank 0 generation 0',
    'rank 1 generation 2',
  ]);
  const after = await Promise.all(Array.from({ length: 16 }, (_, i) => generate(url, story(i))));
  for (const [i, one] of after.entries()) t.same(one.output_ids, expected[i]?.output_ids);
  await settledPools(url);
});

t.test('faults', async (t) => {
  const radish = await startWithChildren([
    ...['--enable-fault-injection', '--watchdog-timeout', '3'],
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const { output_ids: expected } = await generate(url, story(0));
  for (const [generation, how] of ['exit', 'throw', 'heap_oom', 'hang'].entries()) {
    const pending = generate(url, story(0));
    const device = await oneDeviceOf(radish);
    t.equal((await postJson(`${url}/debug/fail_device`, { rank: 0, how })).status, 200);
    t.same((await pending).output_ids, expected, `${how}: the request is resumed`);
    await printed(radish, `Device 0 is back (generation ${generation + 1})`);
    t.ok(await areGone([device]), how);
    t.equal((await fetch(`${url}/health`)).status, 200);
  }
  t.match(
    radish.log(),
    /Device 0 \(generation 3\) died: device 0 .* has answered nothing for 3 s/,
    'one that hangs is killed',
  );
  await settledPools(url);
});

t.test('a program that embeds such a model ends by itself', async (t) => {
  const program = spawn(process.execPath, [LIBRARY_PROGRAM], { cwd: t.testdir({}) });
  let said = '';
  program.stdout.on('data', (part: Buffer) => (said += part.toString()));
  program.stderr.on('data', (part: Buffer) => (said += part.toString()));
  t.same(await once(program, 'close'), [0, null]);
  t.equal(said, ' Paris.\n');
});

t.test('no process outlives its server', async (t) => {
  await t.test('that ends by itself', async (t) => {
    const radish = await startWithChildren(['--dp-size', '2']);
    const devices = await devicesOf(radish);
    t.equal(devices.length, 2);
    const params = { temperature: 0, max_new_tokens: 900, ignore_eos: true };
    const running = generate(radish.url, { text: 'Once', sampling_params: params });
    while (!(await kvPools(radish.url)).some((pool) => pool.held_tokens > 0)) await wait(5);
    // A terminal's Ctrl-C, or a service's end, is for all processes of it.
    for (const { pid } of devices) process.kill(pid, 'SIGTERM');
    t.equal(await radish.stop('SIGTERM'), 0);
    t.equal((await running).output_ids.length, 900);
    t.ok(await areGone(devices));
    t.notMatch(radish.log(), /died/);
  });

  for (const how of ['that is killed', 'that is killed while a device hangs']) {
    await t.test(how, async (t) => {
      const radish = await startWithChildren(['--enable-fault-injection']);
      const devices = await devicesOf(radish);
      t.equal(devices.length, 1);
      if (how.endsWith('hangs')) {
        await postJson(`${radish.url}/debug/fail_device`, { rank: 0, how: 'hang' });
      }
      postJson(`${radish.url}/generate`, endless).catch(() => undefined);
      await wait(200);
      const ended = once(radish.child, 'exit');
      radish.child.kill('SIGKILL');
      await ended;
      t.ok(await areGone(devices));
    });
  }

  await t.test('that is killed while a device loads', async (t) => {
    const radish = await startWithChildren();
    const { pid } = await oneDeviceOf(radish);
    process.kill(pid, 'SIGKILL');
    let loading: DeviceProcess[] = [];
    while (loading.length === 0) loading = await devicesOf(radish).catch(() => []);
    const ended = once(radish.child, 'exit');
    radish.child.kill('SIGKILL');
    await ended;
    t.ok(await areGone(loading));
  });
});
