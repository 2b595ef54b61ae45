import t from 'tap';
import { groupSequences } from '../../../../src/device/generate/run-groups.js';
import { FREE_ROWS } from './free-rows.js';
import { CPU_INT8_MAKER, CPU_MAKER } from '../../../conformance/model-device/cpu-maker.js';
import { DeviceRig } from '../../../conformance/model-device/rig.js';
import { samplingOf } from '../fixtures.js';
import { decodeOf, openOf, prefillOf, promptOf } from '../runner-harness.js';

type Sized = readonly [slotId: number, numRows: number, numHeadRows: number];

function groupsOf(sequences: readonly Sized[], maxSequences: number): number[][] {
  const rule = { maxRows: 100, maxSequences, mixes: false, padding: 'even' } as const;
  const sizeOf = ([slotId, numRows, numHeadRows]: Sized) => ({ slotId, numRows, numHeadRows });
  return groupSequences(sequences, rule, sizeOf).map((group) => group.map(([slotId]) => slotId));
}

t.test('sequences are together as far as rows, head rows and their number go', (t) => {
  const short = [0, 1, 2, 3].map((slot): Sized => [slot, 30, 1]);
  t.same(groupsOf(short, 1), [[0], [1], [2], [3]]);
  t.same(groupsOf(short, 2), [
    [0, 1],
    [2, 3],
  ]);
  t.same(groupsOf(short, 16), [[0, 1, 2], [3]], 'no more than 100 rows');
  t.same(
    groupsOf(
      [
        [0, 50, 1],
        [1, 50, 1],
        [2, 2, 1],
      ],
      16,
    ),
    [[0, 1], [2]],
  );
  const scored: Sized[] = [
    [0, 60, 60],
    [1, 4, 4],
    [2, 2, 1],
  ];
  t.same(groupsOf(scored, 16), [[0, 1], [2]], 'no more than 64 head rows');
  t.same(groupsOf([], 16), []);
  t.end();
});

t.test('a slot goes on in another run, and what is too large for company is alone', (t) => {
  const runs: Sized[] = [
    [0, 20, 0],
    [0, 20, 1],
    [1, 20, 1],
  ];
  t.same(groupsOf(runs, 16), [[0], [0, 1]]);
  t.same(
    groupsOf(
      [
        [0, 2, 1],
        [1, 500, 1],
        [2, 2, 1],
      ],
      16,
    ),
    [[0], [1], [2]],
  );
  t.end();
});

t.test(
  'prompts of one step are one run on a cache of integers, and a run each on one of floats',
  async (t) => {
    for (const [maker, expected] of [
      [CPU_INT8_MAKER, [[0, 3, 1]]],
      [CPU_MAKER, [[0], [3], [1]]],
    ] as const) {
      const rig = await DeviceRig.open(maker, 'llama-plain');
      t.teardown(() => rig.release());
      const prompts = [0, 3, 1].map(
        (slot) => [slot, promptOf(11 + slot, rig.spec.vocabSize, slot)] as const,
      );
      const runs = await rig.runsOf(() =>
        rig.run({
          opens: prompts.map(([slot, prompt]) => openOf(slot, prompt.length)),
          prefill: prompts.map(([slot, prompt]) => prefillOf(slot, prompt, 0, prompt.length)),
        }),
      );
      t.same(
        runs.map(({ slots }) => slots),
        expected,
      );
    }
  },
);

t.test(
  'what a step extends last and what it decodes are one run on a cache of integers',
  async (t) => {
    for (const [maker, expected] of [
      [CPU_INT8_MAKER, [[2, 0, 4, 0, 4]]],
      [CPU_MAKER, [[0], [4], [2]]],
    ] as const) {
      const rig = await DeviceRig.open(maker, 'llama-plain');
      t.teardown(() => rig.release());
      const { vocabSize } = rig.spec;
      const [first, ...others] = [2, 0, 4].map(
        (slot) => [slot, promptOf(9 + slot, vocabSize, slot)] as const,
      );
      const begin = (prompts: readonly (readonly [number, Int32Array])[]) => ({
        opens: prompts.map(([slot, prompt]) => openOf(slot, prompt.length)),
        prefill: prompts.map(([slot, prompt]) => prefillOf(slot, prompt, 0, prompt.length)),
      });
      await rig.run(begin(first === undefined ? [] : [first]));
      const runs = await rig.runsOf(() => rig.run({ ...begin(others), decode: decodeOf(2) }));
      t.same(
        runs.map(({ slots }) => slots),
        expected,
      );
    }
  },
);

t.test('what a step verifies goes with what it decodes on a cache of integers', async (t) => {
  for (const [maker, expected] of [
    [CPU_INT8_MAKER, [[2, 0, 0]]],
    [CPU_MAKER, [[0], [2]]],
  ] as const) {
    const rig = await DeviceRig.open(maker, 'llama-plain');
    t.teardown(() => rig.release());
    const text = promptOf(20, rig.spec.vocabSize, 1);
    const repeating = Int32Array.of(...text, ...text.subarray(0, 13));
    const costs = maker === CPU_INT8_MAKER ? FREE_ROWS : null;
    const windows = { algorithm: 'NGRAM', numDraftTokens: 8, minMatch: 2, maxMatch: 3 } as const;
    // It says what came there before.
    const sampling = samplingOf({ maxNewTokens: 20, logitBias: [[text[13] ?? 0, 1000]] });
    const speculation = { ...windows, costs, promptIds: repeating };
    await rig.run({
      opens: [openOf(2, 20), openOf(0, repeating.length, { sampling, speculation })],
      prefill: [prefillOf(2, text, 0, 20), prefillOf(0, repeating, 0, repeating.length)],
    });
    const runs = await rig.runsOf(() =>
      rig.run({ decode: decodeOf(2), turns: Int32Array.of(0, 8) }),
    );
    t.same(
      runs.map(({ slots }) => slots),
      expected,
    );
  }
});
