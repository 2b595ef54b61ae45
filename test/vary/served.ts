import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TOP_K_ALL, type SamplingParams } from '../../src/core/sampling-params.js';
import type { RowCosts, SlotSpeculation } from '../../src/core/speculation.js';
import type { PreparedModel } from '../../src/model/graph/contract.js';
import { prepareModel } from '../../src/model/prepare-model.js';
import type { Quantization } from '../../src/model/quantize/format.js';
import { ON_CPU, type KvCacheDtype } from '../../src/model/target.js';
import { BUILD_DEPS } from '../doubles/build-deps.js';
import { roundingHere } from '../doubles/rounding.js';
import { samplingOf } from '../unit/device/fixtures.js';
import { FREE_ROWS } from '../unit/device/generate/free-rows.js';
import { newTold, tell } from '../unit/device/generate/told.js';
import {
  bitsOf,
  calibrateKv,
  decodeOf,
  Harness,
  LIMITS,
  newStory,
  openOf,
  PAGE,
  prefillOf,
  promptOf,
  record,
  runAlone,
  type Story,
} from '../unit/device/runner-harness.js';
import type { Golden } from '../unit/model/golden.js';

const WAYS: readonly (readonly [Quantization, KvCacheDtype])[] = [
  ['none', 'fp32'],
  ['none', 'int8'],
  ['w8a8_int8', 'fp32'],
  ['w8a8_int8', 'int8'],
  ['int8', 'fp32'],
  ['int4', 'fp32'],
  ['int4', 'int8'],
];
const NUM_OUTPUTS = 8;
/** Few tokens are likely: the text repeats itself now and then. */
const FEW: SamplingParams['logitBias'] = [7, 9, 11].map((id) => [id, 30]);

/** Of one way to hold weights, keys and values. */
interface Served {
  /** `weights/keys and values` */
  readonly way: string;
  /** Mean of KL in nats per token against what the reference computed; null = it was refused. */
  readonly kl: number | null;
  /** A sentence of why it was refused, or how bits came to differ. */
  readonly faults: readonly string[];
}

/** `way=KL` of each, and where bits differ or why it was refused. */
export async function servedLine(folder: string, golden: Golden): Promise<string> {
  const found: string[] = [];
  for await (const { way, kl, faults } of servedWays(folder, golden)) {
    const parts =
      kl === null ? faults : [kl.toFixed(5), ...faults.map((how) => `OTHER BITS ${how}`)];
    found.push(`${way}=${parts.join(' ')}`);
  }
  return found.join('; ');
}

/**
 * What a device makes of the tokens, with weights, keys and values in every format: how far off, and whether chunks, batch
 * mates, cached pages and drafts change a bit.
 */
async function* servedWays(folder: string, golden: Golden): AsyncGenerator<Served> {
  for (const [quantization, kvCacheDtype] of WAYS) {
    const way = `${quantization}/${kvCacheDtype}`;
    const dir = await mkdtemp(join(tmpdir(), 'radish-vary-'));
    try {
      const model = await prepareModel(
        {
          folder,
          quantization,
          loadFormat: 'auto',
          contextLength: golden.contextLength ?? null,
          device: { ...ON_CPU, kvCacheDtype },
        },
        {
          ...BUILD_DEPS,
          ...roundingHere(),
          calibrateKv,
          cacheDir: join(dir, 'cache'),
          temporaryDir: dir,
        },
      );
      yield { way, ...(await servedBy(model, golden)) };
    } catch (error) {
      yield { way, kl: null, faults: [error instanceof Error ? error.message : String(error)] };
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}

async function servedBy(model: PreparedModel, golden: Golden): Promise<Omit<Served, 'way'>> {
  const { contextLength } = model.spec;
  const slotLength = Math.min(LIMITS.slotLength, Math.floor(contextLength / PAGE) * PAGE);
  const harness = await Harness.create(model, 1, { ...LIMITS, slotLength });
  const longest = slotLength - NUM_OUTPUTS;
  const prompt = Int32Array.from(golden.inputIds.slice(0, longest));
  const faults: string[] = [];
  const alone = await onePrompt(harness, prompt, 0, [0, prompt.length]);
  const expected = bitsOf(alone);
  const check = (how: string, bits: string, as = expected): void => {
    if (bits !== as) faults.push(how);
  };
  for (const cuts of [
    [0, prompt.length - 1, prompt.length],
    [0, 5, 12, prompt.length],
  ]) {
    check(`in chunks ${cuts.join(' ')}`, bitsOf(await onePrompt(harness, prompt, 3, cuts)));
  }
  check('in a batch', await inBatch(harness, prompt, model.spec.vocabSize));
  if (model.spec.state === null) {
    check('behind cached pages', await behindPages(harness, prompt), outputBits(alone));
    const isRounded = model.spec.kvType === 'i8';
    faults.push(...(await draftFaults(harness, prompt, isRounded)));
  }
  const kl = await klOf(harness, prompt, golden.logprobs);
  await harness.release();
  return { kl, faults };
}

const LOGPROBS = { startLen: 0, topNum: 3, tokenIds: [5, 50] };

function onePrompt(
  harness: Harness,
  prompt: Int32Array,
  slot: number,
  cuts: readonly number[],
): Promise<Story> {
  const sampling = samplingOf({ maxNewTokens: NUM_OUTPUTS });
  return runAlone(harness, { slot, prompt, sampling, cuts, logprobs: LOGPROBS });
}

/** Five prompts in one step, and their answers row by row; of the one in slot 3. */
async function inBatch(harness: Harness, prompt: Int32Array, vocabSize: number): Promise<string> {
  const mates = [0, 1, 2, 4];
  const prompts = mates.map((slot) =>
    promptOf(Math.min(3 + slot * 5, prompt.length), vocabSize, slot),
  );
  const opens = mates.map((slot, i) => openOf(slot, prompts[i]?.length ?? 0));
  const prefill = mates.map((slot, i) => {
    const own = prompts[i] ?? prompt;
    return prefillOf(slot, own, 0, own.length);
  });
  const sampling = samplingOf({ maxNewTokens: NUM_OUTPUTS });
  opens.push(openOf(3, prompt.length, { sampling, logprobs: LOGPROBS }));
  prefill.push(prefillOf(3, prompt, 0, prompt.length));
  const story = newStory();
  record(story, await harness.run({ opens, prefill }), 4);
  for (let i = 1; i < NUM_OUTPUTS; i++) {
    record(story, await harness.run({ decode: decodeOf(4, 0, 3, 1, 2) }), 2);
  }
  await harness.run({ frees: [3, ...mates] });
  return bitsOf(story);
}

/** The answer behind pages that another request stored of the same prompt. */
async function behindPages(harness: Harness, prompt: Int32Array): Promise<string> {
  const numPages = Math.floor((prompt.length - 1) / PAGE);
  const numTokens = numPages * PAGE;
  const pages = Int32Array.from({ length: numPages }, (_, page) => 7 + page);
  await harness.run({
    opens: [openOf(1, prompt.length)],
    prefill: [prefillOf(1, prompt, 0, prompt.length)],
    stores: [{ slot: 1, fromToken: 0, pages }],
    frees: [1],
  });
  const sampling = samplingOf({ maxNewTokens: NUM_OUTPUTS });
  const logprobs = { ...LOGPROBS, startLen: prompt.length };
  const story = newStory();
  const step = await harness.run({
    opens: [openOf(5, prompt.length, { sampling, logprobs })],
    loads: [{ slot: 5, numTokens, pages }],
    prefill: [prefillOf(5, prompt, numTokens, prompt.length)],
  });
  record(story, step, 0);
  while (story.tokens.length < NUM_OUTPUTS) {
    record(story, await harness.run({ decode: decodeOf(5) }), 0);
  }
  await harness.run({ frees: [5] });
  return outputBits(story);
}

/** What only the answer brought: a cached prompt has no rows. */
function outputBits(story: Story): string {
  const logprobs = story.logprobs.filter(({ part }) => part === 'output');
  return bitsOf({ ...story, logprobs });
}

/** Rows that are verified together have the bits of those that come alone; over integers, of decode rows too. */
async function draftFaults(
  harness: Harness,
  prompt: Int32Array,
  isRounded: boolean,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const costs = isRounded ? FREE_ROWS : null;
  for (const sampling of [{}, { topK: TOP_K_ALL, temperature: 2, seed: 5 }]) {
    const told = (maxRows: number | null): Promise<string> =>
      drafted(harness, prompt, { sampling, maxRows, costs });
    const alone = await told(1);
    for (const maxRows of [2, 5, 16]) {
      if ((await told(maxRows)) !== alone) faults.push(`with drafts, ${maxRows} rows at most`);
    }
    if (isRounded && (await told(null)) !== alone) faults.push('verified in place of decoded');
  }
  return faults;
}

interface Drafting {
  readonly sampling: Partial<SamplingParams>;
  /** Of a turn; null = it does not speculate. */
  readonly maxRows: number | null;
  /** Over floats drafts have no price. */
  readonly costs: RowCosts | null;
}

async function drafted(
  harness: Harness,
  prompt: Int32Array,
  { sampling, maxRows, costs }: Drafting,
): Promise<string> {
  const told = newTold();
  const speculation: SlotSpeculation = {
    algorithm: 'NGRAM',
    numDraftTokens: 16,
    minMatch: 1,
    maxMatch: 3,
    costs,
    promptIds: prompt,
  };
  const open = openOf(2, prompt.length, {
    sampling: samplingOf({ maxNewTokens: NUM_OUTPUTS, logitBias: FEW, ...sampling }),
    logprobs: { ...LOGPROBS, startLen: prompt.length },
    speculation: maxRows === null ? null : speculation,
  });
  const prefill = [prefillOf(2, prompt, 0, prompt.length)];
  tell(told, await harness.run({ opens: [open], prefill }), 0);
  while (told.tokens.length < NUM_OUTPUTS && (told.flags.at(-1) ?? 0) === 0) {
    const rows = maxRows === null ? { decode: decodeOf(2) } : { turns: Int32Array.of(2, maxRows) };
    tell(told, await harness.run(rows), 0);
  }
  await harness.run({ frees: [2] });
  return bitsOf(told);
}

/** Mean over the prompt's rows, in nats per token. */
async function klOf(
  harness: Harness,
  prompt: Int32Array,
  logprobs: Golden['logprobs'],
): Promise<number> {
  const tokenIds = [...(logprobs[0] ?? []).keys()];
  const story = await runAlone(harness, {
    slot: 0,
    prompt,
    sampling: { maxNewTokens: 1 },
    logprobs: { startLen: 0, topNum: 0, tokenIds },
  });
  const kls = story.logprobs
    .filter(({ part, position }) => part === 'prompt' && position > 0)
    .map(({ position, ids, values }) => {
      const expected = logprobs[position - 1] ?? [];
      const own = new Map(Array.from(ids, (id, at) => [id, values[at] ?? NaN]));
      return expected.reduce(
        (sum, logprob, id) => sum + Math.exp(logprob) * (logprob - (own.get(id) ?? NaN)),
        0,
      );
    });
  return kls.reduce((sum, kl) => sum + kl, 0) / kls.length;
}
