/** What else a step says of its rows: log-probabilities, hidden states, experts. */
import type { PlanHiddenRows, RoutedRows } from '../../../src/core/batch.js';
import { decodeOf, openOf, prefillOf, promptOf } from '../../unit/device/runner-harness.js';
import { byId, everyLogprob, wholeRow, worse, type Check } from './bench.js';
import type { DeviceRig } from './rig.js';

const CUT = 21;

/** More best tokens than a head row has sorted; a prompt of more rows than the head takes at once. */
const manyLogprobs: Check = async (t, { rig, bound }) => {
  const { vocabSize } = rig.spec;
  const prompt = promptOf(100, vocabSize, 4);
  const run = async (logprobs: ReturnType<typeof everyLogprob>) => {
    const opens = [openOf(1, 100, { logprobs })];
    const prefill = [prefillOf(1, prompt, 0, 100)];
    const first = await rig.run({ opens, prefill });
    const second = await rig.run({ decode: decodeOf(1), frees: [1] });
    return [...first.logprobRows, ...second.logprobRows];
  };
  const whole = await run(everyLogprob(vocabSize));
  const some = await run({ startLen: 30, topNum: 80, tokenIds: [5, 90] as never });
  t.same(
    whole.map(({ part, position }) => [part, position]),
    [...Array.from({ length: 99 }, (_, i) => ['prompt', i + 1]), ['output', 0], ['output', 1]],
  );
  t.same(
    some.map(({ position }) => position),
    [...Array.from({ length: 70 }, (_, i) => i + 30), 0, 1],
  );
  for (const row of whole) {
    const mass = wholeRow(row, vocabSize).reduce((sum, value) => sum + Math.exp(value), 0);
    if (Math.abs(mass - 1) > 1e-4) t.fail(`row ${row.position} has a mass of ${mass}`);
  }
  const kept = rig.facts.determinism.repeats && rig.facts.determinism.chunks;
  for (const [i, row] of some.entries()) {
    const best = row.values.subarray(1, 81);
    if (!isFalling(best)) t.fail(`row ${row.position} is not sorted`);
    t.same([...row.ids.subarray(81)], [5, 90]);
    const values = byId(whole[i + 29] ?? row);
    const error = row.ids.reduce((most, id, at) => {
      return worse(most, Math.abs((values.get(id) ?? NaN) - (row.values[at] ?? NaN)));
    }, 0);
    if (!(error <= (kept ? 0 : bound))) t.fail(`row ${row.position} is off by ${error}`);
  }
};

function isFalling(values: Float32Array): boolean {
  return values.every((value, i) => i === 0 || value <= (values[i - 1] ?? NaN));
}

/** Row → hidden state; each row once. */
type Seen = Map<number, Float32Array>;

function see(seen: Seen, hiddenRows: readonly PlanHiddenRows[], planRow: number): void {
  for (const { position, numRows, values, ...one } of hiddenRows) {
    if (one.planRow !== planRow) continue;
    const width = values.length / numRows;
    for (let i = 0; i < numRows; i++) {
      if (seen.has(position + i)) throw new Error(`row ${position + i} comes twice`);
      seen.set(position + i, values.slice(i * width, (i + 1) * width));
    }
  }
}

/** All rows of the tokens: a prompt in parts, then one by one, beside another request that shows none. */
async function hiddenOf(
  rig: DeviceRig,
  { tokens, cuts, from }: { tokens: readonly number[]; cuts: readonly number[]; from: number },
): Promise<Seen> {
  const seen: Seen = new Map();
  const prompt = Int32Array.from(tokens.slice(0, CUT));
  const mate = promptOf(9, rig.spec.vocabSize, 1);
  await rig.run({ opens: [openOf(0, 9)], prefill: [prefillOf(0, mate, 0, 9)] });
  const opens = [openOf(2, CUT, { hiddenFrom: from })];
  for (const [i, to] of cuts.slice(1).entries()) {
    const prefill = [{ ...prefillOf(2, prompt, cuts[i] ?? 0, to), sample: false }];
    see(seen, (await rig.run({ opens: i === 0 ? opens : [], prefill })).hiddenRows, 0);
  }
  for (const token of tokens.slice(CUT)) {
    const decode = Int32Array.of(0, 7, 0, 2, token, 0);
    const { hiddenRows } = await rig.run({ decode });
    see(seen, hiddenRows, 1);
    if (hiddenRows.some(({ planRow }) => planRow === 0)) throw new Error('nobody asked for it');
  }
  await rig.run({ frees: [0, 2] });
  return seen;
}

const hidden: Check = async (t, { rig, golden, bound }) => {
  const tokens = golden.inputIds;
  const whole = await hiddenOf(rig, { tokens, cuts: [0, CUT], from: 0 });
  t.same([...whole.keys()], [...tokens.keys()], 'every row once, in order');
  let error = 0;
  for (const [row, values] of Object.entries(golden.hidden)) {
    const state = whole.get(Number(row));
    t.equal(state?.length, values.length);
    values.forEach((value, i) => {
      error = worse(error, Math.abs(value - (state?.[i] ?? NaN)));
    });
  }
  t.comment(`hidden states: off by ${error}`);
  t.ok(error <= bound, `off by ${error}`);
  const { repeats, chunks } = rig.facts.determinism;
  const parts = await hiddenOf(rig, { tokens, cuts: [0, 1, 8, CUT], from: 0 });
  if (repeats && chunks) t.same(parts, whole, 'in parts');
  else t.same([...parts.keys()], [...whole.keys()], 'in parts');
  const tail = await hiddenOf(rig, { tokens, cuts: [0, CUT], from: CUT - 1 });
  const expected = [...whole.keys()].slice(CUT - 1);
  t.same([...tail.keys()], expected, 'the last rows alone');
};

/** All that two requests routed: a prompt in parts, then rows of both. */
async function routingOf(
  rig: DeviceRig,
  tokens: readonly number[],
): Promise<readonly RoutedRows[]> {
  const prompt = Int32Array.from(tokens.slice(0, CUT));
  const mate = promptOf(7, rig.spec.vocabSize, 1);
  const recordsExperts = true;
  const plans = [
    {
      opens: [openOf(1, CUT), openOf(3, 7)],
      prefill: [prefillOf(1, prompt, 0, 5), prefillOf(3, mate, 0, 7)],
    },
    { prefill: [{ ...prefillOf(1, prompt, 5, CUT), sample: false }] },
    ...tokens.slice(CUT).map((token) => ({ decode: Int32Array.of(3, 9, 0, 1, token, 0) })),
  ];
  const found: RoutedRows[] = [];
  for (const plan of plans) {
    const { routing } = await rig.run({ ...plan, recordsExperts });
    if (routing !== null) found.push(routing);
  }
  await rig.run({ frees: [1, 3] });
  return found;
}

/** Share of the rows that take the right experts on a device that rounds: measured 0.9 and more. */
const ROUNDED_ROWS_SAME = 0.8;

const experts: Check = async (t, { rig, cpu, golden, isRounded }) => {
  const { moe } = rig.spec;
  if (moe === null) {
    t.same(await routingOf(rig, golden.inputIds), [], 'a dense model routes nothing');
    return;
  }
  const found = await routingOf(rig, golden.inputIds);
  t.same(found, await routingOf(cpu, golden.inputIds), 'the choices of the CPU');
  t.equal((await rig.run({})).routing, null, 'nobody asked');
  const width = moe.layers.length * moe.topK;
  const rows = found.flatMap(({ planRows, positions, experts: chosen }, step) =>
    [...planRows].flatMap((planRow, i) =>
      planRow === (step < 2 ? 0 : 1)
        ? [
            {
              position: positions[i] ?? -1,
              chosen: [...chosen.subarray(i * width, (i + 1) * width)],
            },
          ]
        : [],
    ),
  );
  const { experts: layers = {} } = golden;
  const expected = golden.inputIds.map((_, position) => ({
    position,
    chosen: moe.layers.flatMap((layer) => layers[layer]?.[position] ?? []),
  }));
  if (isRounded) {
    const same = rows.filter(({ chosen }, i) => {
      return chosen.join() === expected[i]?.chosen.join();
    }).length;
    t.ok(same >= ROUNDED_ROWS_SAME * expected.length, `${same} of ${expected.length} rows`);
    return;
  }
  t.same(rows, expected, 'each row once, with the choices of transformers');
};

export const OUTPUTS: Readonly<Record<string, Check>> = {
  'log-probabilities of all that was asked for, sorted, and of whole distributions': manyLogprobs,
  'hidden states are those of transformers': hidden,
  'the experts of each row are those of the CPU': experts,
};
