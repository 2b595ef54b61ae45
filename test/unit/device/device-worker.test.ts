import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Port } from '../../../src/actor/port.js';
import { stepOf, type StepResult } from '../../../src/core/batch.js';
import { openDevice } from '../../../src/device/generate/device.js';
import { SlotMasks } from '../../../src/device/generate/slot-masks.js';
import { DeviceWorker, storedRows } from '../../../src/device/device-worker.js';
import { startDevice } from '../../../src/device/pool.js';
import type { DeviceToMain, FromDevice, MainToDevice, ToDevice } from '../../../src/messages.js';
import { testDevice } from '../../conformance/device-handle.js';
import { decodeOf, LIMITS, openOf, prefillOf, promptOf, tinyModel } from './runner-harness.js';

const model = await tinyModel('llama-plain');
const ORT = { numThreads: 1, spinning: false };
const PROMPT = promptOf(20, model.spec.vocabSize, 4);

function stepResult(message: FromDevice): StepResult {
  if (message.kind !== 'stepDone') throw new Error(`not a step's result: ${message.kind}`);
  return message.result;
}

testDevice(t, startDevice);

t.test('a cancel means the latest owner of the slot, opened or not', async (t) => {
  const device = await openDevice(model, LIMITS, { ort: ORT });
  const scheduler = new MessageChannel();
  const main = new MessageChannel();
  const worker = new DeviceWorker({
    runner: device.runner,
    scheduler: new Port<FromDevice, ToDevice>(scheduler.port2),
    main: new Port<DeviceToMain, MainToDevice>(main.port2),
    limits: LIMITS,
    vocabSize: 1,
    masks: new SlotMasks(),
  });
  const outside = new Port<ToDevice, FromDevice>(scheduler.port1);
  const control = new Port<MainToDevice, DeviceToMain>(main.port1);
  const open = openOf(0, 20);
  const prefill = [prefillOf(0, PROMPT, 0, 20)];
  const plans = [
    stepOf(0, { opens: [open], prefill, frees: [0] }),
    stepOf(1, { opens: [open], prefill }),
    stepOf(2, { decode: decodeOf(0), frees: [0] }),
  ];
  for (const plan of plans) outside.post({ kind: 'step', plan });
  outside.post({ kind: 'cancel', slot: 0 });
  control.post({ kind: 'retire' });
  await worker.serve();
  const counts: number[] = [];
  for (let message = outside.takeNow(); message !== null; message = outside.takeNow()) {
    counts.push(stepResult(message).tokens.length);
  }
  t.same(counts, [3, 0, 0], 'the first owner was served');
  for (const port of [scheduler.port1, main.port1]) port.close();
  await device.release();
});

t.test('the rows that plans store are known before a cancelled slot skips anything', (t) => {
  const stores = [
    { slot: 0, fromToken: 8, pages: Int32Array.of(5, 6) },
    { slot: 1, fromToken: 0, pages: Int32Array.of(7, 8, 9) },
  ];
  t.equal(storedRows([stepOf(0, {}), stepOf(1, { stores })], 0, 4), 16);
  t.equal(storedRows([stepOf(0, { stores })], 2, 4), 0);
  t.end();
});
