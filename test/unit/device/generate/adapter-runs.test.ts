import t from 'tap';

import { stepOf, type StepPlan } from '../../../../src/core/batch.js';
import type { LoraId } from '../../../../src/core/lora.js';
import { greedySampling } from '../../../../src/core/sampling-params.js';
import type { Forward, ForwardInput, KvStore } from '../../../../src/device/backend.js';
import { ModelRunner } from '../../../../src/device/generate/model-runner.js';
import { HeadBuffers } from '../../../../src/device/sampling/head-rows.js';

/** Lengths of slots, and no rows. */
function lengthsOnly(): KvStore {
  const lengths = new Map<number, number>();
  const nothing = (): void => undefined;
  return {
    open: (slot) => lengths.set(slot, 0),
    free: (slot) => lengths.delete(slot),
    lengthOf: (slot) => lengths.get(slot) ?? 0,
    setLength: (slot, length) => lengths.set(slot, length),
    map: nothing,
    load: nothing,
    saveStates: nothing,
    store: nothing,
    arrange: (decoding) => [...decoding].sort((a, b) => a - b),
    giveBackMemory: nothing,
    renew: () => Promise.resolve(),
  };
}

/** Slot 0 decodes while slot 1 begins: so many sequences decode and are extended in each of the runs. */
async function runsWith(decoding: LoraId, extended: LoraId): Promise<(readonly number[])[]> {
  const runs: (readonly number[])[] = [];
  const forward: Forward = {
    head: new HeadBuffers(8, 4),
    experts: [],
    hidden: new Float32Array(0),
    moe: null,
    prefill: { maxRows: 16, maxSequences: 4, mixes: true, padding: 'even' },
    run: ({ slots, numDecoding }: ForwardInput) => {
      runs.push([numDecoding, slots.length - numDecoding]);
      return Promise.resolve();
    },
  };
  const runner = new ModelRunner({ kv: lengthsOnly(), forward });
  const open = (slot: number, adapter: LoraId) => ({
    ...{ slot, adapter, promptLen: 4, priorOutputIds: Int32Array.of(5), grammar: null },
    ...{ sampling: greedySampling(8), logprobs: null, hiddenFrom: Infinity, speculation: null },
  });
  const prompt = (slot: number) => ({
    ...{ slot, position: 0, tokens: Int32Array.of(1, 2, 3, 4) },
    ...{ previousToken: -1, nextToken: -1, sample: false },
  });
  const execute = (step: number, parts: Partial<StepPlan>) =>
    runner.execute([stepOf(step, parts)], {
      betweenRuns: () => undefined,
      deliver: () => undefined,
    });
  await execute(0, { opens: [open(0, decoding)], prefill: [prompt(0)] });
  runs.length = 0;
  const decode = Int32Array.of(0, 5, 0);
  await execute(1, { opens: [open(1, extended)], prefill: [prompt(1)], decode });
  return runs;
}

t.test('a run has adapters on rows that decode or on rows that extend', async (t) => {
  const apart = [
    [0, 1],
    [1, 0],
  ];
  t.same(await runsWith(1, 2), apart);
  t.same(await runsWith(1, 1), apart);
  for (const [decoding, extended] of [
    [0, 0],
    [1, 0],
    [0, 1],
  ] as const) {
    // What is extended beside others runs along among those that decode.
    t.same(await runsWith(decoding, extended), [[2, 1]]);
  }
});
