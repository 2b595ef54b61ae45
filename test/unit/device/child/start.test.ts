import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { beatsOf } from '../../../../src/actor/heart.js';
import { StartupError } from '../../../../src/core/errors.js';
import { startChildDevice } from '../../../../src/device/child/start.js';
import type { WatchedHandle } from '../../../../src/device/handle.js';
import { startDevice } from '../../../../src/device/pool.js';
import { shortRequest, startOf, testDevice } from '../../../conformance/device-handle.js';

const ENDING = new URL('../../../programs/ending-device.js', import.meta.url);

const start = (env: Record<string, string> = {}): WatchedHandle =>
  startChildDevice(startOf(1), { env });

t.test('as any device', (t) => {
  testDevice(t, (start) => startChildDevice(start, { env: {} }));
  t.end();
});

t.test('its numbers are those of a thread, to the bit', async (t) => {
  const wants = { hiddenFrom: 0, logprobs: { startLen: 0, topNum: 3, tokenIds: [5] } };
  const [thread, child] = await Promise.all(
    [startDevice(startOf(1)), start()].map(async (handle) => {
      const answered = await shortRequest(handle, wants);
      handle.retire();
      await handle.done;
      return answered.map(({ tokens, logprobRows, hiddenRows }) => [
        tokens,
        logprobRows,
        hiddenRows,
      ]);
    }),
  );
  t.strictSame(child, thread);
});

for (const [ending, message] of [
  ['exits with 3', "the device's process ended with exit code 3"],
  ['crashes', "the device's process was ended by SIGSEGV: it crashed in native code"],
  ['is killed', "the device's process was ended by SIGKILL: memory ran out, or somebody killed it"],
] as const) {
  t.test(`a process that ${ending} while it loads is one sentence`, async (t) => {
    const handle = startChildDevice(startOf(1), { env: { ENDING: ending }, entry: ENDING });
    const closed = once(handle.port, 'close');
    const error = await handle.ready.catch((error: unknown) => error);
    t.type(error, StartupError);
    t.match(error, { message });
    await t.rejects(handle.done, { message });
    await closed;
  });
}

for (const ending of ['crashes behind its end', 'hangs behind its end']) {
  t.test(`one that ${ending} has retired`, async (t) => {
    const handle = startChildDevice(startOf(1), { env: { ENDING: ending }, entry: ENDING });
    await handle.done;
    t.pass();
  });
}

t.test('one that hangs is killed, with the reason', async (t) => {
  const handle = startChildDevice(startOf(1), { env: { ENDING: 'hangs' }, entry: ENDING });
  const killed = handle.done.catch((error: unknown) => error);
  handle.kill?.('it was silent');
  handle.kill?.('it was silent again');
  t.match(await killed, { message: 'it was silent' });
  t.same(await childPids(), []);
});

t.test('a process that cannot be started is one sentence', async (t) => {
  const tooLong = 'x'.repeat(1 << 18);
  const handle = start({ TOO_LONG: tooLong });
  const error = await handle.ready.catch((error: unknown) => error);
  t.type(error, StartupError);
  t.match(error, { message: /^the device's process cannot be started: .*E2BIG/ });
});

t.test('a thread that hangs stops the beats, and nothing else', async (t) => {
  const handle = start();
  await handle.ready;
  handle.injectFault('hang');
  let seen = -1;
  while (beatsOf(handle.heart) !== seen) {
    seen = beatsOf(handle.heart);
    await wait(500);
  }
  const [pid = 0] = await childPids();
  t.match(await readFile(`/proc/${pid}/cmdline`, 'utf8'), /device-process.js\0rank\x000/);
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGINT');
  await wait(200);
  t.same(await childPids(), [pid], 'the server decides when it ends');
  handle.kill?.('enough');
  await t.rejects(handle.done, { message: 'enough' });
  t.same(await childPids(), []);
});

/** Processes that any thread of this one has started. */
async function childPids(): Promise<number[]> {
  const threads = await readdir('/proc/self/task');
  const lists = await Promise.all(
    threads.map((id) => readFile(`/proc/self/task/${id}/children`, 'utf8').catch(() => '')),
  );
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}
