import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import t from 'tap';

import { dropSpareThread, prepareThread, startDevice } from '../../../src/device/pool.js';
import { startOf } from '../../conformance/device-handle.js';

const started: Worker[] = [];
process.on('worker', (worker) => started.push(worker));

t.test(
  'the next device takes the thread that was prepared, the one behind it another',
  async (t) => {
    prepareThread();
    const first = startDevice(startOf(1));
    await first.ready;
    t.equal(started.length, 1);
    const second = startDevice(startOf(2));
    await second.ready;
    t.equal(started.length, 2);
    for (const handle of [first, second]) {
      handle.retire();
      await handle.done;
    }
  },
);

t.test('one that nobody takes is ended', async (t) => {
  prepareThread();
  const [spare] = (await once(process, 'worker')) as [Worker];
  const exit = once(spare, 'exit');
  await dropSpareThread();
  await exit;
  await dropSpareThread();
  t.pass();
});
