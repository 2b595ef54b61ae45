import { Worker } from 'node:worker_threads';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';

import { createHeart } from '../../../src/actor/heart.js';
import { startActorThreads } from '../../../src/boot/actor-threads.js';
import { Watchdog } from '../../../src/boot/watchdog.js';
import { DEFAULT_SCHEDULER_CONFIG } from '../../../src/core/scheduler-config.js';

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(50);
}

t.test('a thread that loops is found, and one that works is not', async (t) => {
  for (const name of ['scheduler', 'cache'] as const) {
    const actors = startActorThreads(DEFAULT_SCHEDULER_CONFIG, null);
    const dead: string[] = [];
    const watchdog = new Watchdog({
      timeoutMs: 2000,
      checkMs: 50,
      onDead: (reason) => dead.push(reason),
    });
    for (const [each, heart] of Object.entries(actors.hearts))
      watchdog.watch({ name: `the ${each}`, heart, isPrompt: true });
    await wait(2500);
    t.strictSame(dead, []);
    t.ok(watchdog.isHealthy);
    actors.hang(name);
    await until(() => dead.length > 0);
    await wait(300);
    t.notOk(watchdog.isHealthy);
    t.notOk(watchdog.hasNativeHang);
    const sentence = `the ${name} has answered nothing for 2 s (--watchdog-timeout)`;
    t.strictSame(dead, [sentence], 'told once');
    await actors.stop();
  }
});

t.test('silence is time in which it was looked, and ends with a beat', async (t) => {
  const heart = createHeart();
  const dead: string[] = [];
  const watchdog = new Watchdog({
    timeoutMs: 400,
    checkMs: 100,
    onDead: (reason) => dead.push(reason),
  });
  const stop = watchdog.watch({ name: 'device 0', heart, isPrompt: false });
  await wait(800);
  t.strictSame(dead, [], 'it is still starting');
  Atomics.add(new Int32Array(heart), 0, 1);
  await wait(150);
  // This process does not run for a while, as when it is stopped by a signal.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  await wait(0);
  t.strictSame(dead, []);
  await wait(700);
  t.equal(dead.length, 1);
  t.ok(watchdog.hasNativeHang);
  Atomics.add(new Int32Array(heart), 0, 1);
  await wait(150);
  t.ok(watchdog.isHealthy, 'it came back');
  stop();
  await wait(600);
  t.ok(watchdog.isHealthy, 'it is not watched any more');
  t.notOk(watchdog.hasNativeHang);
});

t.test('0 finds nobody dead', async (t) => {
  const watchdog = new Watchdog({ timeoutMs: 0, checkMs: 20, onDead: () => t.fail() });
  const heart = createHeart();
  Atomics.add(new Int32Array(heart), 0, 1);
  watchdog.watch({ name: 'x', heart, isPrompt: true });
  await wait(200);
  t.ok(watchdog.isHealthy);
});

t.test('the beat of a thread keeps no thread alive', async (t) => {
  const file = new URL('../../../src/actor/heart.js', import.meta.url).href;
  const code = `import('${file}').then(({ keepBeating }) => keepBeating(new SharedArrayBuffer(4)))`;
  const worker = new Worker(code, { eval: true });
  t.equal(await new Promise((resolve) => worker.once('exit', resolve)), 0);
});

t.test('one that can be killed is: the server goes on', async (t) => {
  const heart = createHeart();
  const dead: string[] = [];
  const killed: string[] = [];
  const watchdog = new Watchdog({
    timeoutMs: 200,
    checkMs: 50,
    onDead: (reason) => dead.push(reason),
  });
  Atomics.add(new Int32Array(heart), 0, 1);
  const kill = (reason: string): number => killed.push(reason);
  const stop = watchdog.watch({ name: 'device 0', heart, isPrompt: false, kill });
  const alive = setInterval(() => undefined, 50);
  await until(() => killed.length > 0);
  await wait(300);
  clearInterval(alive);
  t.strictSame(killed, ['device 0 has answered nothing for 0.2 s (--watchdog-timeout)'], 'once');
  t.strictSame(dead, []);
  t.notOk(watchdog.hasNativeHang, 'nothing of this process hangs');
  t.notOk(watchdog.isHealthy, 'until it is gone');
  stop();
  t.ok(watchdog.isHealthy);
  watchdog.stop();
});
