/**
 * What a process of its own costs a device: the time of a decode step of 16 rows from a scheduler's thread to a device
 * that answers at once, and back. `node dist/test/bench/child/main.js [NUM_STEPS]` prints a line of JSON per row.
 *
 * - `thread`: the device is a thread of this process.
 * - `child`: it is in a child process, with the relay in a thread of its own.
 * - `child, relay on main`: the same relay on this program's main thread, as it might have been.
 *
 * Each with a main thread that does nothing, and with one that is busy for 5 ms at a time, as rendering makes it.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Relay } from '../../../src/device/child/relay.js';
import { startChildDevice } from '../../../src/device/child/start.js';
import { deviceLines, handleOf, type WatchedHandle } from '../../../src/device/handle.js';
import { startOf } from '../../conformance/device-handle.js';
import { startEcho } from './echo-device.js';

const [numSteps = 5000] = process.argv.slice(2).map(Number);
const NUM_ROUNDS = 5;
const NUM_ROWS = 16;
const BUSY_MS = 5;
const ENTRY = new URL('./echo-process.js', import.meta.url);

function startOnMain(): WatchedHandle {
  const lines = deviceLines();
  const start = startOf(0);
  const task = new Promise<void>((resolve) => {
    new Relay({ ...lines.far, start, env: {}, entry: ENTRY.href }, () => {
      resolve();
    });
  });
  const life = { task, release: () => Promise.resolve() };
  return { ...handleOf(start.device, lines, life), heart: lines.far.heart, kill: null };
}

const SIDES: Readonly<Record<string, () => WatchedHandle>> = {
  thread: () => startEcho(startOf(0)),
  child: () => startChildDevice(startOf(0), { env: {}, entry: ENTRY }),
  'child, relay on main': startOnMain,
};

async function measure(start: () => WatchedHandle, isBusy: boolean): Promise<number[]> {
  const handle = start();
  await handle.ready;
  const busy = setInterval(() => {
    const end = performance.now() + (isBusy ? BUSY_MS : 0);
    while (performance.now() < end);
  }, 1);
  const scheduler = new Worker(new URL('./scheduler.js', import.meta.url), {
    workerData: {
      port: handle.port,
      numSteps: isBusy ? numSteps / 10 : numSteps,
      numRows: NUM_ROWS,
    },
    transferList: [handle.port],
  });
  const [tookUs] = (await once(scheduler, 'message')) as [number[]];
  clearInterval(busy);
  handle.retire();
  await handle.done;
  return tookUs.slice(tookUs.length / 5).sort((a, b) => a - b);
}

const found = new Map<string, number[][]>();
for (let round = 0; round < NUM_ROUNDS; round++) {
  for (const isBusy of [false, true]) {
    for (const [side, start] of Object.entries(SIDES)) {
      const key = JSON.stringify({ side, main: isBusy ? 'busy' : 'idle' });
      found.set(key, [...(found.get(key) ?? []), await measure(start, isBusy)]);
    }
  }
}
for (const [key, rounds] of found) {
  const at = (share: number): number => {
    const each = rounds.map((sorted) => sorted[Math.floor(share * sorted.length)] ?? NaN);
    return Math.round(each.sort((a, b) => a - b)[NUM_ROUNDS >> 1] ?? NaN);
  };
  console.log(JSON.stringify({ ...JSON.parse(key), medianUs: at(0.5), p99Us: at(0.99) }));
}
process.exit(0);
