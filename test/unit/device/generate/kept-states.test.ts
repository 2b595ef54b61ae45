/** A slot that begins with a kept state and cached rows goes on to the same bits, alone and beside others. */
import { readdir } from 'node:fs/promises';
import t from 'tap';
import type { DeviceLimits } from '../../../../src/messages.js';
import { samplingOf } from '../fixtures.js';
import {
  ALL_LOGPROBS,
  bitsOf,
  decodeOf,
  fixtureFolder,
  Harness,
  LIMITS as ROOM,
  newStory,
  openOf,
  PAGE,
  prefillOf,
  promptOf,
  record,
  tinyModel,
  type Story,
} from '../runner-harness.js';

const LIMITS: DeviceLimits = { ...ROOM, states: { numPlaces: 4, intervalTokens: PAGE } };
const LENGTH = 37;
const NUM_OUTPUTS = 12;
const SAMPLING = samplingOf({ maxNewTokens: NUM_OUTPUTS });
/** Behind an odd run, in the middle of the prompt, at its last whole page, and while it is answered. */
const KEPT = [
  { numTokens: 4, place: 1 },
  { numTokens: 20, place: 3 },
  { numTokens: 36, place: 0 },
  { numTokens: 44, place: 2 },
];

/** What was answered behind the first `numTokens` rows. */
function since(story: Story, numTokens: number): string {
  const logprobs = story.logprobs.filter(
    ({ part, position }) => part === 'output' || position > numTokens,
  );
  return bitsOf({ ...story, logprobs });
}

const names: string[] = [];
for (const name of await readdir(fixtureFolder('.'))) {
  const model = await tinyModel(name);
  if (model.spec.state === null) continue;
  names.push(name);
  t.test(`${name}: a kept state goes on to the same bits`, async (t) => {
    const harness = await Harness.create(model, 1, LIMITS);
    t.teardown(() => harness.release());
    const prompt = promptOf(LENGTH, model.spec.vocabSize, 2);
    const pages = Int32Array.from({ length: 44 / PAGE }, (_, i) => 7 + i);

    const cold = newStory();
    const open = { sampling: SAMPLING, logprobs: ALL_LOGPROBS };
    record(cold, await harness.run({ opens: [openOf(0, LENGTH, open)], ...wholePrompt() }), 0);
    for (let i = 1; i < NUM_OUTPUTS; i++) {
      record(cold, await harness.run({ decode: decodeOf(0) }), 0);
    }
    await harness.run({ frees: [0] });

    const saving = newStory();
    const saves = KEPT.map((kept) => ({ slot: 1, ...kept }));
    record(
      saving,
      await harness.run({
        opens: [openOf(1, LENGTH, open)],
        prefill: [prefillOf(1, prompt, 0, LENGTH)],
        saves: saves.slice(0, 3),
      }),
      0,
    );
    for (let i = 1; i < NUM_OUTPUTS; i++) {
      const isSaved = LENGTH + i === 44;
      const step = { decode: decodeOf(1), saves: isSaved ? saves.slice(3) : [] };
      record(saving, await harness.run(step), 0);
    }
    t.equal(bitsOf(saving), bitsOf(cold), 'runs that end for a state change no bit');
    await harness.run({ stores: [{ slot: 1, fromToken: 0, pages }], frees: [1] });

    const mate = promptOf(13, model.spec.vocabSize, 5);
    for (const isAlone of [true, false]) {
      for (const { numTokens, place } of KEPT.slice(0, 3)) {
        const loads = [
          { slot: 3, numTokens, pages: pages.subarray(0, numTokens / PAGE), statePlace: place },
        ];
        const hit = newStory();
        const mates = isAlone ? [] : [2];
        const first = await harness.run({
          opens: [openOf(3, LENGTH, open), ...mates.map((slot) => openOf(slot, mate.length))],
          loads,
          prefill: [
            prefillOf(3, prompt, numTokens, LENGTH),
            ...mates.map((slot) => prefillOf(slot, mate, 0, mate.length)),
          ],
        });
        record(hit, first, 0);
        for (let i = 1; i < NUM_OUTPUTS; i++) {
          record(hit, await harness.run({ decode: decodeOf(3, ...mates) }), 0);
        }
        await harness.run({ frees: [3, ...mates] });
        const what = `from ${numTokens} on, ${isAlone ? 'alone' : 'beside another'}`;
        t.equal(since(hit, numTokens), since(cold, numTokens), what);
      }
    }

    const prior = cold.tokens.slice(0, 44 - LENGTH + 1);
    const resumed = newStory();
    const last = prior.at(-1) ?? -1;
    const opens = [openOf(4, LENGTH, { ...open, priorOutputIds: Int32Array.from(prior) })];
    const loads = [{ slot: 4, numTokens: 44, pages, statePlace: 2 }];
    record(resumed, await harness.run({ opens, loads, decode: Int32Array.of(4, last, 1) }), 0);
    while (prior.length + resumed.tokens.length < NUM_OUTPUTS) {
      record(resumed, await harness.run({ decode: decodeOf(4) }), 0);
    }
    await harness.run({ frees: [4] });
    const isLater = ({ part, position }: Story['logprobs'][number]) =>
      part === 'output' && position >= prior.length;
    t.equal(
      bitsOf(resumed),
      bitsOf({
        ...cold,
        tokens: cold.tokens.slice(prior.length),
        logprobs: cold.logprobs.filter(isLater),
      }),
      'in the middle of an answer',
    );

    function wholePrompt() {
      return { prefill: [prefillOf(0, prompt, 0, LENGTH)] };
    }
  });
}

t.test('no family of them is left out', (t) => {
  const families = ['bamba', 'falcon-h1', 'granite-hybrid', 'jamba', 'lfm2'];
  const known = [...families, 'nemotron-h', 'qwen3-5', 'qwen3-next'];
  t.ok(known.every((name) => names.includes(name)));
  t.end();
});
