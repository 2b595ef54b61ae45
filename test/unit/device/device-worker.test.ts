import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { Port } from '../../../src/actor/port.js';
import { stepOf, type StepResult } from '../../../src/core/batch.js';
import { openDevice } from '../../../src/device/generate/device.js';
import { ModelRunner } from '../../../src/device/generate/model-runner.js';
import { SlotMasks } from '../../../src/device/generate/slot-masks.js';
import { DeviceWorker, storedRows } from '../../../src/device/device-worker.js';
import { startDevice } from '../../../src/device/pool.js';
import type { DeviceToMain, FromDevice, MainToDevice, ToDevice } from '../../../src/messages.js';
import { testDevice } from '../../conformance/device-handle.js';
import { CPU_MAKER } from '../../conformance/model-device/cpu-maker.js';
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

/** A worker over a device whose store of pages does what it is told, and the ends of its ports. */
async function workerStoring(t: Test, onStore: (outside: Port<ToDevice, FromDevice>) => void) {
  const backend = await CPU_MAKER.open(model, LIMITS);
  const scheduler = new MessageChannel();
  const main = new MessageChannel();
  const outside = new Port<ToDevice, FromDevice>(scheduler.port1);
  const control = new Port<MainToDevice, DeviceToMain>(main.port1);
  const { kv, forward } = backend;
  const store = kv.store.bind(kv);
  kv.store = (...row) => {
    onStore(outside);
    store(...row);
  };
  const worker = new DeviceWorker({
    runner: new ModelRunner({ kv, forward }),
    scheduler: new Port<FromDevice, ToDevice>(scheduler.port2),
    main: new Port<DeviceToMain, MainToDevice>(main.port2),
    limits: LIMITS,
    vocabSize: 1,
    masks: new SlotMasks(),
  });
  t.teardown(async () => {
    outside.close();
    control.close();
    await backend.release();
  });
  return { worker, outside, control };
}

/** Stores the pages of a prompt, and loads them into another slot. */
const STORING = [
  stepOf(0, {
    opens: [openOf(0, 20)],
    prefill: [prefillOf(0, PROMPT, 0, 20)],
    stores: [{ slot: 0, fromToken: 0, pages: Int32Array.of(1, 2, 3, 4) }],
    frees: [0],
  }),
  stepOf(1, {
    opens: [openOf(1, 20)],
    loads: [{ slot: 1, numTokens: 16, pages: Int32Array.of(1, 2, 3, 4) }],
    prefill: [prefillOf(1, PROMPT, 16, 20)],
  }),
];

t.test('a result leaves before its pages are stored, and the next step loads them', async (t) => {
  const results: StepResult[] = [];
  const take = (outside: Port<ToDevice, FromDevice>): number => {
    const before = results.length;
    for (let message = outside.takeNow(); message !== null; message = outside.takeNow()) {
      results.push(stepResult(message));
    }
    return results.length - before;
  };
  const seen: number[] = [];
  const { worker, outside, control } = await workerStoring(t, (port) => seen.push(take(port)));
  for (const plan of STORING) outside.post({ kind: 'step', plan });
  control.post({ kind: 'retire' });
  await worker.serve();
  t.same(seen, [1], 'it is there when the store begins');
  take(outside);
  t.same(
    results.map(({ step }) => step),
    [0, 1],
  );
  t.same(results[1]?.tokens, results[0]?.tokens, 'from the pages: the same token');
  t.equal(results[0]?.timing.lastStoreUs, 0);
  t.ok((results[1]?.timing.lastStoreUs ?? 0) > 0, 'told with the next one');
});

t.test('a store that fails ends the device, behind the result of its step', async (t) => {
  const { worker, outside } = await workerStoring(t, () => {
    throw new Error('no page');
  });
  for (const plan of STORING) outside.post({ kind: 'step', plan });
  await t.rejects(worker.serve(), { message: 'no page' });
  t.match(outside.takeNow(), { kind: 'stepDone', result: { step: 0 } });
  t.equal(outside.takeNow(), null, 'nothing runs behind it');
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
