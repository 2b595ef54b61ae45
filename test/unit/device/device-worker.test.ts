import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Port } from '../../../src/actor/port.js';
import { stepOf, type StepResult } from '../../../src/core/batch.js';
import { openDevice } from '../../../src/device/generate/device.js';
import { SlotMasks } from '../../../src/device/generate/slot-masks.js';
import { DeviceWorker, storedRows } from '../../../src/device/device-worker.js';
import type { DeviceHandle } from '../../../src/device/handle.js';
import { startDevice } from '../../../src/device/pool.js';
import type { DeviceToMain, FromDevice, MainToDevice, ToDevice } from '../../../src/messages.js';
import { pooledFolder, preparePooled, readPooledGolden } from '../model/pooled-golden.js';
import { samplingOf } from './fixtures.js';
import { decodeOf, LIMITS, openOf, prefillOf, promptOf, tinyModel } from './runner-harness.js';

const model = await tinyModel('llama-plain');
const ORT = { numThreads: 1, spinning: false };
const PROMPT = promptOf(20, model.spec.vocabSize, 4);

// A server has sockets open; here nothing else keeps the process alive while a thread ends.
const keepAlive = setInterval(() => undefined, 1000);
t.teardown(() => {
  clearInterval(keepAlive);
});

function start(generation: number): DeviceHandle {
  return startDevice({ device: { rank: 0, generation }, model, limits: LIMITS, ort: ORT });
}

/** Posts the steps of one short request. */
function postRequest(handle: DeviceHandle): void {
  const opens = [openOf(2, 20, { sampling: samplingOf({ maxNewTokens: 3 }) })];
  const plans = [
    stepOf(0, { opens, prefill: [prefillOf(2, PROMPT, 0, 20)] }),
    stepOf(1, { decode: decodeOf(2) }),
    stepOf(2, { decode: decodeOf(2), frees: [2] }),
  ];
  for (const plan of plans) handle.port.postMessage({ kind: 'step', plan } satisfies ToDevice);
}

function stepResult(message: FromDevice): StepResult {
  if (message.kind !== 'stepDone') throw new Error(`not a step's result: ${message.kind}`);
  return message.result;
}

async function results(handle: DeviceHandle, count: number): Promise<StepResult[]> {
  const found: StepResult[] = [];
  while (found.length < count) {
    const [message] = (await once(handle.port, 'message')) as [FromDevice];
    found.push(stepResult(message));
  }
  return found;
}

t.test('a device answers steps in order and retires after all that is queued', async (t) => {
  const handle = start(1);
  t.match(await handle.ready, {
    kind: 'ready',
    device: { rank: 0, generation: 1 },
    limits: LIMITS,
  });
  const answers: StepResult[] = [];
  handle.port.on('message', (message: FromDevice) => answers.push(stepResult(message)));
  const closed = once(handle.port, 'close');
  postRequest(handle);
  handle.retire();
  await handle.done;
  await closed;
  t.same(
    answers.map((answer) => [answer.step, answer.tokens.length]),
    [
      [0, 3],
      [1, 3],
      [2, 3],
    ],
  );
});

for (const how of ['exit', 'throw', 'heap_oom'] as const) {
  t.test(`a device that fails by ${how} ends alone, and a new generation serves`, async (t) => {
    const broken = start(1);
    await broken.ready;
    const closed = once(broken.port, 'close');
    broken.injectFault(how);
    await t.rejects(broken.done);
    await closed;
    const fresh = start(2);
    await fresh.ready;
    const answered = results(fresh, 3);
    postRequest(fresh);
    t.equal((await answered).length, 3);
    fresh.retire();
    await fresh.done;
  });
}

t.test('a model that cannot be loaded rejects ready and done', async (t) => {
  const handle = startDevice({
    device: { rank: 0, generation: 1 },
    model: { ...model, graph: new Uint8Array([1, 2, 3]) },
    limits: LIMITS,
    ort: ORT,
  });
  await t.rejects(handle.ready);
  await t.rejects(handle.done);
});

t.test('a cancel means the latest owner of the slot, opened or not', async (t) => {
  const device = await openDevice(model, LIMITS, ORT);
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

t.test('a device with an embedding model answers embed steps', async (t) => {
  const { sequences } = await readPooledGolden('bert-labels');
  const handle = startDevice({
    device: { rank: 0, generation: 1 },
    model: await preparePooled(pooledFolder('bert-labels')),
    limits: { numSlots: 0, slotLength: 64, numPages: 0, pageSizeTokens: 4 },
    ort: ORT,
  });
  await handle.ready;
  const answers: FromDevice[] = [];
  handle.port.on('message', (message: FromDevice) => answers.push(message));
  const closed = once(handle.port, 'close');
  for (const step of [4, 5]) {
    const plan = {
      step,
      sequences: sequences.slice(step).map(({ tokens }) => ({
        tokens: Int32Array.from(tokens),
        tokenTypes: null,
      })),
    };
    handle.port.postMessage({ kind: 'embed', plan } satisfies ToDevice);
  }
  handle.retire();
  await handle.done;
  await closed;
  t.match(answers, [
    { kind: 'embedDone', result: { step: 4, dim: 3 } },
    { kind: 'embedDone', result: { step: 5, dim: 3 } },
  ]);
  const lengths = answers.map((answer) =>
    answer.kind === 'embedDone' ? answer.result.vectors.length : NaN,
  );
  t.same(lengths, [3 * (sequences.length - 4), 3 * (sequences.length - 5)]);
});
