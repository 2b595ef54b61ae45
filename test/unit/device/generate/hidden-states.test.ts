import t from 'tap';
import { RESULT_STALLED, type PlanHiddenRows } from '../../../../src/core/batch.js';
import type { Grammar } from '../../../../src/core/grammar.js';
import { goldenNames, readGolden } from '../../model/golden.js';
import {
  decodeOf,
  Harness,
  openOf,
  prefillOf,
  promptOf,
  tinyModel,
  type AloneOptions,
} from '../runner-harness.js';

const TOLERANCE = 1e-4;
const PROMPT = 21;

/** Row → hidden state; each row once. */
type Seen = Map<number, Float32Array>;

function record(seen: Seen, hiddenRows: readonly PlanHiddenRows[], planRow: number): void {
  for (const { position, numRows, values, ...one } of hiddenRows) {
    if (one.planRow !== planRow) continue;
    const width = values.length / numRows;
    for (let i = 0; i < numRows; i++) {
      if (seen.has(position + i)) throw new Error(`row ${position + i} comes twice`);
      seen.set(position + i, values.slice(i * width, (i + 1) * width));
    }
  }
}

function largestError(seen: Seen, expected: Readonly<Record<string, readonly number[]>>): number {
  const errors = Object.entries(expected).flatMap(([row, values]) =>
    values.map((value, i) => Math.abs(value - (seen.get(Number(row))?.[i] ?? NaN))),
  );
  return errors.reduce((most, error) => (error <= most ? most : error), 0);
}

interface Ask extends Omit<AloneOptions, 'sampling'> {
  /** Fed behind the prompt. */
  readonly outputs: readonly number[];
  readonly from?: number;
}

/** What is seen of one request by itself. */
async function runAlone(harness: Harness, ask: Ask): Promise<Seen> {
  const { slot, prompt, outputs, from = 0, cuts = [0, prompt.length] } = ask;
  const seen: Seen = new Map();
  const opens = [openOf(slot, prompt.length, { hiddenFrom: from })];
  for (const [i, to] of cuts.slice(1).entries()) {
    const prefill = [{ ...prefillOf(slot, prompt, cuts[i] ?? 0, to), sample: false }];
    record(seen, (await harness.run({ opens: i === 0 ? opens : [], prefill })).hiddenRows, 0);
  }
  for (const token of outputs) {
    const decode = Int32Array.of(slot, token, 0);
    record(seen, (await harness.run({ decode })).hiddenRows, 0);
  }
  await harness.run({ frees: [slot] });
  return seen;
}

for (const name of await goldenNames()) {
  t.test(`${name}: hidden states are those of transformers, in any chunks`, async (t) => {
    const { inputIds, hidden } = await readGolden(name);
    const harness = await Harness.create(await tinyModel(name));
    t.teardown(() => harness.release());
    const prompt = Int32Array.from(inputIds.slice(0, PROMPT));
    const ask = { slot: 0, prompt, outputs: inputIds.slice(PROMPT) };
    const whole = await runAlone(harness, ask);
    t.same([...whole.keys()], [...inputIds.keys()], 'every row once, in order');
    const error = largestError(whole, hidden);
    t.ok(error < TOLERANCE, `largest error ${error}`);
    for (const cuts of [
      [0, 1, PROMPT],
      [0, 5, 12, 20, PROMPT],
    ]) {
      t.same(await runAlone(harness, { ...ask, slot: 3, cuts }), whole, `chunks ${cuts.join(' ')}`);
    }
    const tail = new Map([...whole].slice(PROMPT - 1));
    t.same(await runAlone(harness, { ...ask, from: PROMPT - 1 }), tail, 'the last rows alone');
  });
}

t.test('in a batch each request gets its own rows, with the bits that it has alone', async (t) => {
  const model = await tinyModel('qwen3');
  const harness = await Harness.create(model);
  t.teardown(() => harness.release());
  const slots = [4, 0, 2, 1];
  const prompts = slots.map((slot) => promptOf(3 + slot * 9, model.spec.vocabSize, slot));
  const outputs = [7, 9, 11];
  // Slot 2 wants to see nothing.
  const isSeen = (slot: number): boolean => slot !== 2;
  const opens = slots.map((slot, i) =>
    openOf(slot, prompts[i]?.length ?? 0, { hiddenFrom: isSeen(slot) ? 0 : Infinity }),
  );
  const prefill = slots.map((slot, i) => {
    const prompt = prompts[i] ?? new Int32Array(0);
    return { ...prefillOf(slot, prompt, 0, prompt.length), sample: false };
  });
  const seen = slots.map((): Seen => new Map());
  const first = await harness.run({ opens, prefill });
  seen.forEach((one, i) => {
    record(one, first.hiddenRows, i);
  });
  for (const token of outputs) {
    const decode = decodeOf(...slots).map((value, at) => [value, token, 0][at % 3] ?? 0);
    const { hiddenRows } = await harness.run({ decode });
    seen.forEach((one, i) => {
      record(one, hiddenRows, i);
    });
    t.equal(new Set(hiddenRows.map(({ values }) => values.buffer)).size, 3, 'a buffer for each');
  }
  await harness.run({ frees: slots });
  for (const [i, slot] of slots.entries()) {
    const ask = { slot: 5, prompt: prompts[i] ?? new Int32Array(0), outputs };
    const alone = isSeen(slot) ? await runAlone(harness, ask) : new Map();
    t.same(seen[i], alone, `slot ${slot}`);
  }
});

t.test('rows are seen beside log-probabilities of the prompt, and change none', async (t) => {
  const model = await tinyModel('llama-plain');
  const harness = await Harness.create(model);
  t.teardown(() => harness.release());
  const prompt = promptOf(100, model.spec.vocabSize, 4);
  const logprobs = { startLen: 10, topNum: 2, tokenIds: [3] };
  const run = async (hiddenFrom: number) => {
    const opens = [openOf(0, prompt.length, { logprobs, hiddenFrom })];
    const prefill = [prefillOf(0, prompt, 0, prompt.length)];
    return harness.run({ opens, prefill, frees: [0] });
  };
  const plain = await run(Infinity);
  const both = await run(0);
  t.same(both.logprobRows, plain.logprobRows);
  t.same(both.tokens, plain.tokens);
  t.same(plain.hiddenRows, []);
  const seen: Seen = new Map();
  record(seen, both.hiddenRows, 0);
  t.same(seen, await runAlone(harness, { slot: 1, prompt, outputs: [] }));
});

t.test('a decode row whose mask is late shows nothing: it comes again', async (t) => {
  const model = await tinyModel('qwen3');
  const harness = await Harness.create(model);
  t.teardown(() => harness.release());
  const prompt = promptOf(6, model.spec.vocabSize, 1);
  // No thread makes masks here.
  const grammar: Grammar = { spec: { kind: 'regex', pattern: '.*' }, after: null };
  const priorOutputIds = Int32Array.of(5);
  const opens = [
    openOf(0, prompt.length, { hiddenFrom: 0, priorOutputIds, grammar }),
    openOf(1, prompt.length, { hiddenFrom: 0, priorOutputIds }),
  ];
  const prefill = [0, 1].map((slot) => ({
    ...prefillOf(slot, prompt, 0, prompt.length),
    sample: false,
  }));
  await harness.run({ opens, prefill });
  const decode = Int32Array.of(0, 5, 1, 1, 5, 1);
  const { tokens, hiddenRows } = await harness.run({ decode, frees: [0, 1] });
  t.equal(tokens[2], RESULT_STALLED);
  t.same(
    hiddenRows.map(({ planRow, position, numRows }) => [planRow, position, numRows]),
    [[1, 6, 1]],
  );
});
