import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Port } from '../../../../src/actor/port.js';
import { stepOf, type StepPlan, type StepResult } from '../../../../src/core/batch.js';
import { DeviceWorker } from '../../../../src/device/device-worker.js';
import { mayJoin } from '../../../../src/device/generate/joined-steps.js';
import { ModelRunner } from '../../../../src/device/generate/model-runner.js';
import { SlotMasks } from '../../../../src/device/generate/slot-masks.js';
import type { DeviceToMain, FromDevice, MainToDevice, ToDevice } from '../../../../src/messages.js';
import { CPU_INT8_MAKER, CPU_MAKER } from '../../../conformance/model-device/cpu-maker.js';
import type { DeviceMaker } from '../../../conformance/model-device/rig.js';
import {
  ALL_LOGPROBS,
  decodeOf,
  LIMITS,
  openOf,
  PAGE,
  prefillOf,
  promptOf,
  tinyModel,
} from '../runner-harness.js';

const WITH_LOGPROBS = { logprobs: ALL_LOGPROBS };

function pages(...ids: readonly number[]): Int32Array {
  return Int32Array.from(ids);
}

/** Begins a request of 9 tokens in the slot, the first ones from `cached`. */
function begin(slot: number, prompt: Int32Array, cached = pages()): Partial<StepPlan> {
  const numTokens = cached.length * PAGE;
  return {
    opens: [openOf(slot, prompt.length, WITH_LOGPROBS)],
    loads: numTokens === 0 ? [] : [{ slot, numTokens, pages: cached }],
    prefill: [prefillOf(slot, prompt, numTokens, prompt.length)],
  };
}

t.test('what may join', (t) => {
  const prompt = promptOf(9, 100, 1);
  const decoding = stepOf(0, { decode: decodeOf(0), frees: [1] });
  const joins = (parts: Partial<StepPlan>, ...others: readonly StepPlan[]): boolean =>
    mayJoin([decoding, ...others], stepOf(9, parts));
  t.ok(joins(begin(2, prompt)));
  t.ok(joins(begin(1, prompt)), 'in the slot that a step before it frees');
  t.notOk(joins(begin(0, prompt)), 'not in one that has rows');
  t.notOk(joins({}), 'what begins nothing');
  t.notOk(joins({ ...begin(2, prompt), decode: decodeOf(3) }), 'what decodes');
  const goesOn = prefillOf(3, prompt, 2, 9);
  t.notOk(joins({ ...begin(2, prompt), prefill: [goesOn] }), 'what goes on with a prompt');

  const storing = stepOf(1, {
    ...begin(2, prompt),
    stores: [{ slot: 2, fromToken: 0, pages: pages(7, 8) }],
  });
  t.ok(joins(begin(3, prompt, pages(6)), storing));
  t.notOk(joins(begin(3, prompt, pages(6, 8)), storing), 'what reads a page that is not there yet');
  t.notOk(joins(begin(2, prompt), storing), 'two in one slot');
  t.end();
});

/** Steps that are executed together, one after the other, or as a worker takes them. */
const GROUPS: readonly (readonly StepPlan[])[] = (() => {
  const [first, second, third] = [3, 5, 8].map((seed) => promptOf(9, 100, seed));
  if (first === undefined || second === undefined || third === undefined) throw new Error();
  return [
    [stepOf(0, { ...begin(0, first), stores: [{ slot: 0, fromToken: 0, pages: pages(40, 41) }] })],
    [stepOf(1, { ...begin(1, second) })],
    [
      // Slot 1 is left: what it has goes to a page, and another request begins there at once.
      stepOf(2, {
        decode: decodeOf(0),
        stores: [{ slot: 1, fromToken: 0, pages: pages(50, 51) }],
        frees: [1],
      }),
      stepOf(3, begin(1, first, pages(40))),
      stepOf(4, begin(2, third)),
    ],
    [stepOf(5, { decode: decodeOf(0, 1, 2) })],
    [stepOf(6, begin(3, second, pages(50, 51)))],
    [stepOf(7, { decode: decodeOf(3, 0), frees: [0, 1, 2, 3] })],
  ];
})();

async function openRunner(maker: DeviceMaker) {
  const backend = await maker.open(await tinyModel('llama-plain', maker.target), LIMITS);
  const { kv, forward } = backend;
  const counts = { numRuns: 0 };
  const run = forward.run.bind(forward);
  forward.run = (input) => {
    counts.numRuns++;
    return run(input);
  };
  return { runner: new ModelRunner({ kv, forward }), counts, release: () => backend.release() };
}

async function resultsOf(maker: DeviceMaker, groups: readonly (readonly StepPlan[])[]) {
  const { runner, counts, release } = await openRunner(maker);
  const results: StepResult[] = [];
  const hooks = {
    betweenRuns: () => undefined,
    deliver: (result: StepResult) => results.push(result),
  };
  for (const plans of groups) await runner.execute(plans, hooks);
  await release();
  return { results: results.map(withoutTime), numRuns: counts.numRuns };
}

function withoutTime(result: StepResult): StepResult {
  return {
    ...result,
    timing: { startMs: 0, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 },
  };
}

t.test('steps that run together bring what they bring one by one, to the bit', async (t) => {
  const apart = GROUPS.flat().map((plan) => [plan]);
  for (const maker of [CPU_INT8_MAKER, CPU_MAKER]) {
    const together = await resultsOf(maker, GROUPS);
    const oneByOne = await resultsOf(maker, apart);
    t.equal(together.results.length, 8);
    t.ok(together.results.every(({ tokens }) => tokens.length > 0));
    t.strictSame(together.results, oneByOne.results);
    const isInt8 = maker === CPU_INT8_MAKER;
    t.same([together.numRuns, oneByOne.numRuns], isInt8 ? [6, 8] : [8, 8]);
  }
});

t.test('a worker lets steps that wait join, where a run takes both', async (t) => {
  // Together: 0 and 1, 2 to 4, 5 and 6, 7.
  for (const [maker, expected] of [
    [CPU_INT8_MAKER, 4],
    [CPU_MAKER, 8],
  ] as const) {
    const { runner, counts, release } = await openRunner(maker);
    const scheduler = new MessageChannel();
    const main = new MessageChannel();
    const worker = new DeviceWorker({
      runner,
      scheduler: new Port<FromDevice, ToDevice>(scheduler.port2),
      main: new Port<DeviceToMain, MainToDevice>(main.port2),
      limits: LIMITS,
      vocabSize: 1,
      masks: new SlotMasks(),
    });
    const outside = new Port<ToDevice, FromDevice>(scheduler.port1);
    for (const plan of GROUPS.flat()) outside.post({ kind: 'step', plan });
    new Port<MainToDevice, DeviceToMain>(main.port1).post({ kind: 'retire' });
    await worker.serve();
    const steps: number[] = [];
    for (let message = outside.takeNow(); message !== null; message = outside.takeNow()) {
      if (message.kind === 'stepDone') steps.push(message.result.step);
    }
    t.same(steps, [0, 1, 2, 3, 4, 5, 6, 7], 'a result each, in their order');
    t.equal(counts.numRuns, expected);
    for (const port of [scheduler.port1, main.port1]) port.close();
    await release();
  }
});
