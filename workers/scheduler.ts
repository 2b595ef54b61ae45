/** Thread entry of the scheduler actor: connects {@link Scheduler} to its ports. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { hangOnRequest, keepBeating, type Heart } from '../src/actor/heart.js';
import { Port } from '../src/actor/port.js';
import type { SchedulerConfig } from '../src/core/scheduler-config.js';
import {
  treeKey,
  type AttachDevice,
  type CacheReplies,
  type FromDevice,
  type ToCache,
  type ToDevice,
  type ToMain,
  type ToScheduler,
  type TreeKey,
} from '../src/messages.js';
import { Scheduler } from '../src/scheduler/scheduler.js';

export interface SchedulerWorkerData {
  readonly mainPort: MessagePort;
  readonly cachePort: MessagePort;
  readonly config: SchedulerConfig;
  readonly heart: Heart;
}

/** How late a time-out may be. */
const TICK_MS = 100;

const data = workerData as SchedulerWorkerData;
keepBeating(data.heart);
hangOnRequest(parentPort);
const main = new Port<ToMain, ToScheduler>(data.mainPort);
const cache = new Port<ToCache, CacheReplies>(data.cachePort);
const devices = new Map<TreeKey, Port<ToDevice, FromDevice>>();

const scheduler = new Scheduler({
  config: data.config,
  clock: { nowMs: () => performance.now() },
  ports: {
    toMain: (message) => {
      main.post(message, buffersOf(message));
    },
    toCache: (message) => {
      cache.post(message);
    },
    toDevice: (device, message) => devices.get(treeKey(device))?.post(message),
  },
});

const { waitingTimeoutMs, runningTimeoutMs } = data.config;
if (waitingTimeoutMs !== null || runningTimeoutMs !== null) {
  setInterval(() => {
    scheduler.tick();
  }, TICK_MS);
}

main.onMessage((message) => {
  if (message.kind === 'attachDevice') connectDevice(message);
  scheduler.receiveFromMain(message);
});
cache.onMessage((message) => {
  scheduler.receiveFromCache(message);
});

/** What is given away: hidden states of long prompts are large. */
function buffersOf(message: ToMain): readonly ArrayBuffer[] {
  return message.kind === 'output' ? message.hiddenRows.map(({ values }) => values.buffer) : [];
}

function connectDevice({ device, port }: AttachDevice): void {
  const devicePort = new Port<ToDevice, FromDevice>(port);
  devices.set(treeKey(device), devicePort);
  devicePort.onMessage((message) => {
    scheduler.receiveFromDevice(device, message);
  });
  // Main tells of the death: it knows why, and sends it after everything that came before.
  devicePort.onClose(() => devices.delete(treeKey(device)));
}
