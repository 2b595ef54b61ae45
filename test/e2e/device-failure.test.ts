import { once } from 'node:events';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { generate, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

const body = (i: number) => ({
  text: `Story ${i}: once upon a time`,
  sampling_params: { temperature: 0, max_new_tokens: 120, ignore_eos: true },
});

/** A device that died in the test before may still be loading. */
async function failDevice(url: string, how: string): Promise<void> {
  const end = Date.now() + 10_000;
  while ((await postJson(`${url}/debug/fail_device`, { rank: 0, how })).status !== 200) {
    if (Date.now() > end) throw new Error('device 0 did not come back');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

t.test('a device that dies under load loses no request and no page', async (t) => {
  const radish = await startRadish(['--dp-size', '2', '--enable-fault-injection']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const expected = await Promise.all(Array.from({ length: 16 }, (_, i) => generate(url, body(i))));

  for (const how of ['throw', 'exit', 'heap_oom']) {
    t.test(how, async (t) => {
      const pending = Array.from({ length: 16 }, (_, i) => generate(url, body(i)));
      await new Promise((resolve) => setTimeout(resolve, 60));
      await failDevice(url, how);
      const settled = await Promise.allSettled(pending);
      for (const [i, one] of settled.entries()) {
        if (one.status === 'rejected') t.match(String(one.reason), /^Error: 50[03]/);
        else t.same(one.value.output_ids, expected[i]?.output_ids, `request ${i}`);
      }
      const done = settled.filter((one) => one.status === 'fulfilled').length;
      t.ok(done >= 8, `${done} of 16 answered`);
      t.equal((await fetch(`${url}/health`)).status, 200);
      const after = await Promise.all(Array.from({ length: 8 }, (_, i) => generate(url, body(i))));
      for (const [i, one] of after.entries()) t.same(one.output_ids, expected[i]?.output_ids);
      await settledPools(url);
    });
  }

  t.test('an injected death does not count as one too many', async (t) => {
    for (let i = 0; i < 7; i++) await failDevice(url, 'exit');
    t.same((await generate(url, body(0))).output_ids, expected[0]?.output_ids);
    t.equal((await settledPools(url)).length, 2, 'an entry for each rank, whatever state it is in');
  });

  t.test('bad orders are refused', async (t) => {
    t.equal((await postJson(`${url}/debug/fail_device`, { rank: 9, how: 'exit' })).status, 400);
    t.equal((await postJson(`${url}/debug/fail_device`, { rank: 0, how: 'x' })).status, 400);
  });
});

t.test('a server that cannot go on answers its requests before it ends', async (t) => {
  const model = join(t.testdir(), 'model');
  await cp('config/tiny', model, { recursive: true });
  const radish = await startRadish(['--enable-fault-injection', '--model-path', model]);
  const ended = once(radish.child, 'close');
  const long = { ...body(0), sampling_params: { max_new_tokens: 1900, ignore_eos: true } };
  const pending = Array.from({ length: 4 }, () => postJson(`${radish.url}/generate`, long));
  await new Promise((resolve) => setTimeout(resolve, 100));
  // No device can be loaded in the place of the one that dies.
  await rm(join(model, 'model.safetensors'));
  await failDevice(radish.url, 'exit');
  for (const response of await Promise.all(pending)) {
    t.equal(response.status, 503);
    t.match(await response.json(), { message: /The server cannot go on: device 0 stays down/ });
  }
  t.same(await ended, [1, null]);
  t.match(radish.log(), /Device 0 died 6 times in a row: it stays down\./);
});

t.test('without the flag there is no such route', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const response = await postJson(`${radish.url}/debug/fail_device`, { rank: 0, how: 'exit' });
  t.equal(response.status, 404);
});
