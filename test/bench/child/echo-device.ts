/** A device that answers each step at once: a thread entry, and what starts it. */
import { FULLY_DETERMINISTIC } from '../../../src/core/device-facts.js';
import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { keepBeating } from '../../../src/actor/heart.js';
import { Port } from '../../../src/actor/port.js';
import {
  DECODE_STRIDE,
  RESULT_STRIDE,
  type StepPlan,
  type StepResult,
} from '../../../src/core/batch.js';
import {
  deviceLines,
  handleOf,
  type FarEnds,
  type WatchedHandle,
} from '../../../src/device/handle.js';
import type { DeviceStart } from '../../../src/device/pool.js';
import type { DeviceToMain, FromDevice, MainToDevice, ToDevice } from '../../../src/messages.js';

export function startEcho(start: DeviceStart): WatchedHandle {
  const lines = deviceLines();
  const { far } = lines;
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { ...far, start },
    transferList: [far.schedulerPort, far.mainPort],
  });
  const life = { task: once(worker, 'exit'), release: () => worker.terminate() };
  return { ...handleOf(start.device, lines, life), heart: far.heart, kill: null };
}

function serve({ schedulerPort, mainPort, heart, start }: FarEnds & { start: DeviceStart }): void {
  keepBeating(heart);
  const scheduler = new Port<FromDevice, ToDevice>(schedulerPort);
  const main = new Port<DeviceToMain, MainToDevice>(mainPort);
  scheduler.onMessage((message) => {
    if (message.kind === 'step') scheduler.post({ kind: 'stepDone', result: echo(message.plan) });
  });
  main.onMessage(({ kind }) => {
    if (kind === 'retire') process.exit(0);
  });
  main.post({
    kind: 'ready',
    facts: { kind: 'cpu', determinism: FULLY_DETERMINISTIC },
    device: start.device,
    limits: start.limits,
  });
}

/** A token for each row that decodes. */
function echo({ step, decode }: StepPlan): StepResult {
  const numRows = decode.length / DECODE_STRIDE;
  return {
    step,
    tokens: new Int32Array(numRows * RESULT_STRIDE),
    turns: new Int32Array(0),
    logprobRows: [],
    hiddenRows: [],
    routing: null,
    timing: { startMs: 0, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 },
  };
}

if (!isMainThread && workerData !== null) serve(workerData as FarEnds & { start: DeviceStart });
