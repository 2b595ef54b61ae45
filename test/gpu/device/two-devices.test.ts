/** Two devices on WebGPU, each a process of its own: what one's end costs. */
import { setTimeout as wait } from 'node:timers/promises';
import { generate, kvPools, settledPools } from '../../e2e/client.js';
import { areGone, devicesOf, printed } from '../../e2e/device-processes.js';
import { gpuTest, greedy, idsOf, serverInfo, startOnCpu, startOnGpu, story } from './gpu-server.js';

/** A replacement compiles and proves itself. */
const REPLACED_MS = 300_000;
const bodies = Array.from({ length: 8 }, (_, i) => greedy(story(i), 24));

gpuTest('a crash under load costs one device, and no request', async (t) => {
  const flags = ['--dp-size', '2', '--max-total-tokens', '8192'];
  const cpu = await startOnCpu(t);
  const radish = await startOnGpu(t, flags);
  const { url } = radish;
  const ask = (at: string) => Promise.all(bodies.map((body) => generate(at, body)));
  t.same((await devicesOf(radish)).map(({ label }) => label).sort(), [
    'rank 0 generation 0',
    'rank 1 generation 0',
  ]);
  const [found, expected] = [await ask(url), await ask(cpu)];
  t.same(idsOf(found), idsOf(expected));

  await t.test('one ends by a signal', async (t) => {
    const pending = ask(url);
    // Both have something to do.
    while ((await kvPools(url)).some(({ held_tokens: held }) => held === 0)) await wait(10);
    const victim = (await devicesOf(radish)).find(({ label }) => label.startsWith('rank 1'));
    process.kill(victim?.pid ?? 0, 'SIGSEGV');
    t.same(idsOf(await pending), idsOf(expected));
    await printed(radish, 'Device 1 is back (generation 1)', REPLACED_MS);
    t.match(
      radish.log(),
      "Device 1 (generation 0) died: the device's process was ended by SIGSEGV",
    );
    t.match(radish.log(), 'Device 1 (generation 1) computes on webgpu');
    const { internal_states: states } = await serverInfo(url);
    t.same(
      states.map((state) => state.device_generation),
      [0, 1],
    );
    t.equal((await fetch(`${url}/health_generate`)).status, 200);
    t.same(idsOf(await ask(url)), idsOf(expected), 'both again');
    await settledPools(url);
  });

  await t.test('none is left behind', async (t) => {
    const devices = await devicesOf(radish);
    t.equal(devices.length, 2);
    t.equal(await radish.stop(), 0);
    t.ok(await areGone(devices));
  });
});
