import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import t from 'tap';
import { Port } from '../../../src/actor/port.js';
import { CacheActor } from '../../../src/cache/cache-actor.js';
import { DEFAULT_SCHEDULER_CONFIG } from '../../../src/core/scheduler-config.js';
import type {
  CacheReplies,
  FromDevice,
  ToCache,
  ToDevice,
  ToMain,
  ToScheduler,
} from '../../../src/messages.js';
import { expectedOutput, FakeDevice } from '../../doubles/fake-device.js';
import { LIMITS, request } from '../../doubles/scheduler-rig.js';

t.test('the thread serves a request between real ports', async (t) => {
  const [main, cache, device] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
  const entry = new URL('../../../workers/scheduler.js', import.meta.url);
  const worker = new Worker(entry, {
    workerData: {
      mainPort: main.port1,
      cachePort: cache.port1,
      config: DEFAULT_SCHEDULER_CONFIG,
      heart: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    },
    transferList: [main.port1, cache.port1],
  });
  await once(worker, 'online');
  const scheduler = new Port<ToScheduler, ToMain>(main.port2);
  const asks = new Port<CacheReplies, ToCache>(cache.port2);
  const plans = new Port<FromDevice, ToDevice>(device.port2);
  const actor = new CacheActor();
  asks.onMessage((message) => {
    const answer = actor.handle(message);
    if (answer !== null) asks.post(answer);
  });
  const fake = new FakeDevice({ limits: LIMITS, marksMaker: false });
  plans.onMessage((message) => {
    if (message.kind === 'step') plans.post({ kind: 'stepDone', result: fake.run(message.plan) });
  });
  const tokens: number[] = [];
  const drained = new Promise<void>((resolve) => {
    scheduler.onMessage((message) => {
      if (message.kind === 'output') tokens.push(...message.tokens.filter((_, i) => i % 2 === 1));
      if (message.kind === 'drained') resolve();
    });
  });
  const id = { rank: 0, generation: 0 };
  const attach = {
    kind: 'attachDevice',
    device: id,
    weightsEpoch: 0,
    limits: LIMITS,
    joinsSteps: false,
    port: device.port1,
  } as const;
  scheduler.post(attach, [device.port1]);
  const req = request(1, 100);
  scheduler.post({ kind: 'submit', batch: 0, reqs: [req] });
  scheduler.post({ kind: 'drain' });
  await drained;
  t.same(tokens, expectedOutput(req.inputIds, req.sampling, false).tokens);
  for (const port of [scheduler, asks, plans]) port.close();
  await worker.terminate();
});
