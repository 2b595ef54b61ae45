import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createGpuLock, GpuLock } from '../../../src/device/gpu-lock.js';
import { startDevice } from '../../../src/device/pool.js';
import { startOf } from '../../conformance/device-handle.js';
import type { LockThreadInit } from '../../programs/lock-thread.js';

const PROGRAM = new URL('../../programs/lock-thread.js', import.meta.url);
const TURNS = 200;

/** Two threads at one lock. */
function rig() {
  const word = createGpuLock();
  const counts = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const start = (holder: number, dies = false): Worker => {
    const gpuLock = { word, holder };
    const workerData: LockThreadInit = { gpuLock, counts, numTurns: TURNS, dies };
    return new Worker(PROGRAM, { workerData });
  };
  return { word, counts: new Int32Array(counts), start };
}

t.test('two threads are never inside at once, and both get their turns', async (t) => {
  const { counts, start } = rig();
  const threads = [start(1), start(2)];
  await Promise.all(threads.map((thread) => once(thread, 'exit')));
  t.same([...counts], [0, 1, 2 * TURNS]);
});

t.test('what a dead thread held is free for the one that waits', async (t) => {
  const { word, counts, start } = rig();
  await once(start(1, true), 'exit');
  const waiting = start(2);
  const ended = once(waiting, 'exit');
  const other = new GpuLock(word, 3);
  other.letGo();
  t.equal(
    await Promise.race([ended.then(() => 'ended'), after(300)]),
    'waits',
    'not theirs to give',
  );
  t.equal(counts[2], 0);
  Atomics.store(counts, 0, 0);
  new GpuLock(word, 1).letGo();
  await ended;
  t.same([...counts], [0, 1, TURNS]);
});

async function after(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'waits';
}

t.test('work that fails lets go, and its error is passed on', async (t) => {
  const word = createGpuLock();
  const lock = new GpuLock(word, 1);
  await t.rejects(
    lock.hold(() => Promise.reject(new Error('out of memory'))),
    /out of memory/,
  );
  t.equal(await new GpuLock(word, 2).hold(() => Promise.resolve('served')), 'served');
});

t.test('whoever holds it already does not wait for itself', async (t) => {
  const lock = new GpuLock(createGpuLock(), 1);
  await lock.hold(async () => {
    await t.rejects(
      lock.hold(() => Promise.resolve()),
      /this is a bug/,
    );
  });
});

for (const how of ['exit', 'throw', 'heap_oom', null] as const) {
  t.test(
    `the lock of a device thread is free when it has ended: ${how ?? 'retired'}`,
    async (t) => {
      const keepAlive = setInterval(() => undefined, 1000);
      t.teardown(() => {
        clearInterval(keepAlive);
      });
      const gpuLock = { word: createGpuLock(), holder: 41 };
      const device = startDevice(startOf(1), gpuLock);
      await device.ready;
      // As if it had died in the middle of a run.
      new Int32Array(gpuLock.word)[0] = gpuLock.holder;
      if (how === null) device.retire();
      else device.injectFault(how);
      await device.done.catch(() => undefined);
      t.equal(await new GpuLock(gpuLock.word, 42).hold(() => Promise.resolve('free')), 'free');
    },
  );
}
