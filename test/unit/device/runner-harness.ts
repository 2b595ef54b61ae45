import { fileURLToPath } from 'node:url';
import {
  stepOf,
  type PlanLogprobRow,
  type SlotOpen,
  type StepPlan,
  type StepResult,
} from '../../../src/core/batch.js';
import type { LogprobWants } from '../../../src/core/sampling-params.js';
import type { SamplingParams } from '../../../src/core/sampling-params.js';
import { calibrateKv as measureKv } from '../../../src/device/cpu/calibrate-kv.js';
import { openDevice, type Device } from '../../../src/device/generate/device.js';
import type { ModelRunner } from '../../../src/device/generate/model-runner.js';
import type { DeviceLimits } from '../../../src/messages.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import type { CalibrateKv } from '../../../src/model/kv-scales.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import { ON_CPU, type TargetRequest } from '../../../src/model/target.js';
import { BUILD_DEPS } from '../../doubles/build-deps.js';
import { readGolden } from '../model/golden.js';
import { samplingOf } from './fixtures.js';

export const PAGE = 4;
export const LIMITS: DeviceLimits = {
  numSlots: 6,
  slotLength: 128,
  numPages: 128,
  pageSizeTokens: PAGE,
};

/** A tiny checkpoint of test/fixtures/families, not quantised; by default for the CPU. */
export async function tinyModel(
  name: string,
  device: TargetRequest = ON_CPU,
): Promise<PreparedModel> {
  const folder = fixtureFolder(name);
  const { contextLength = null } = await readGolden(name);
  const { spec, graph, weightsFolder, target, isBatchInvariant } = await prepareModel(
    { folder, quantization: 'none', loadFormat: 'safetensors', contextLength, device },
    { ...BUILD_DEPS, calibrateKv },
  );
  return { spec, graph, weightsFolder, target, isBatchInvariant };
}

/** The tiny models have no tokenizer: ids that have no order show how large keys and values are. */
export const calibrateKv: CalibrateKv = ({ model }) => {
  const { vocabSize, contextLength } = model.spec;
  const length = Math.min(contextLength, 100);
  const prompts = [37, 41, 43, 47].map((step) =>
    Int32Array.from({ length }, (_, i) => (i * step + 11) % vocabSize),
  );
  return measureKv(model, prompts, { numThreads: 1, spinning: false });
};

export function fixtureFolder(name: string): string {
  return fileURLToPath(new URL(`../../../../test/fixtures/families/${name}`, import.meta.url));
}

/** Runs the step to its end. */
export async function resultOf(
  runner: ModelRunner,
  plan: StepPlan,
  betweenRuns: () => void,
): Promise<StepResult> {
  const results: StepResult[] = [];
  await runner.execute([plan], { betweenRuns, deliver: (result) => results.push(result) });
  const [result] = results;
  if (result === undefined || results.length > 1) throw new Error(`${results.length} results`);
  return result;
}

/** A runner over the real runtime, with plans made from what differs. */
export class Harness {
  private step = 0;

  private constructor(private readonly device: Device) {}

  static async create(
    model: PreparedModel,
    numThreads = 1,
    limits = LIMITS,
    draft: PreparedModel | null = null,
  ): Promise<Harness> {
    const ort = { numThreads, spinning: false };
    return new Harness(await openDevice(model, limits, { ort, draft }));
  }

  run(parts: Partial<StepPlan>, betweenRuns: () => void = () => undefined): Promise<StepResult> {
    return resultOf(this.device.runner, stepOf(this.step++, parts), betweenRuns);
  }

  releaseKv(): Promise<void> {
    return this.device.runner.releaseKv();
  }

  cancel(slot: number, storedRows: number): void {
    this.device.runner.cancel(slot, storedRows);
  }

  release(): Promise<void> {
    return this.device.release();
  }
}

export function openOf(slot: number, promptLen: number, rest: Partial<SlotOpen> = {}): SlotOpen {
  return {
    slot,
    promptLen,
    sampling: samplingOf(),
    priorOutputIds: new Int32Array(0),
    grammar: null,
    logprobs: null,
    hiddenFrom: Infinity,
    speculation: null,
    ...rest,
  };
}

/** Rows `[from, to)` of a prompt. */
export function prefillOf(slot: number, prompt: Int32Array, from: number, to: number) {
  return {
    slot,
    position: from,
    tokens: prompt.slice(from, to),
    previousToken: prompt[from - 1] ?? -1,
    nextToken: prompt[to] ?? -1,
    sample: to === prompt.length,
  };
}

/** Decode rows that continue each slot. */
export function decodeOf(...slots: readonly number[]): Int32Array {
  return Int32Array.from(slots.flatMap((slot) => [slot, -1, 1]));
}

/** What a request got: tokens, flags of the last, and every log-probability as bits. */
export interface Story {
  readonly tokens: number[];
  readonly flags: number[];
  readonly logprobs: PlanLogprobRow[];
}

export function newStory(): Story {
  return { tokens: [], flags: [], logprobs: [] };
}

/** Adds what plan row `planRow` brought. */
export function record(story: Story, result: StepResult, planRow: number): void {
  for (let at = 0; at < result.tokens.length; at += 3) {
    if (result.tokens[at] !== planRow) continue;
    story.tokens.push(result.tokens[at + 1] ?? -1);
    story.flags.push(result.tokens[at + 2] ?? -1);
  }
  story.logprobs.push(...result.logprobRows.filter((row) => row.planRow === planRow));
}

/** Comparable as a string: positions, ids and the bits of the values. */
export function bitsOf(story: Story): string {
  const rows = story.logprobs.map((row) => {
    const bits = new Uint32Array(row.values.slice().buffer);
    return `${row.part} ${row.position}: ${row.ids.join(',')} = ${bits.join(',')}`;
  });
  return [story.tokens.join(','), ...rows].join('\n');
}

export function promptOf(length: number, vocabSize: number, seed: number): Int32Array {
  return Int32Array.from(
    { length },
    (_, i) => (i * i * 7 + i * (seed + 3) + seed * 13) % vocabSize,
  );
}

export interface AloneOptions {
  readonly slot: number;
  readonly prompt: Int32Array;
  readonly sampling: Partial<SamplingParams>;
  /** Cuts of the prompt: chunks `[cuts[i], cuts[i + 1])` in steps of their own. */
  readonly cuts?: readonly number[];
  /** Default: {@link ALL_LOGPROBS}. */
  readonly logprobs?: LogprobWants;
}

const FIVE = { own: 3, mates: [0, 1, 2, 4] } as const;

/** One request among four others, whose prompts are those of `mateOf`, from prompt to last token, all begun in one step. */
export async function runAmongFive(
  harness: Pick<Harness, 'run'>,
  { prompt, sampling }: Pick<AloneOptions, 'prompt' | 'sampling'>,
  mateOf: (slot: number) => Int32Array,
): Promise<Story> {
  const { own, mates } = FIVE;
  const prompts = mates.map((slot) => ({ slot, tokens: mateOf(slot) }));
  const mine = openOf(own, prompt.length, {
    sampling: samplingOf(sampling),
    logprobs: ALL_LOGPROBS,
  });
  const opens = [...prompts.map(({ slot, tokens }) => openOf(slot, tokens.length)), mine];
  const prefill = [...prompts, { slot: own, tokens: prompt }].map(({ slot, tokens }) =>
    prefillOf(slot, tokens, 0, tokens.length),
  );
  const story = newStory();
  record(story, await harness.run({ opens, prefill }), 4);
  for (let i = 1; i < samplingOf(sampling).maxNewTokens; i++) {
    record(story, await harness.run({ decode: decodeOf(4, 0, own, 1, 2) }), 2);
  }
  await harness.run({ frees: [own, ...mates] });
  return story;
}

/** One request by itself from prompt to last token; prompt and output log-probabilities included. */
export async function runAlone(
  harness: Pick<Harness, 'run'>,
  options: AloneOptions,
): Promise<Story> {
  const { slot, prompt, cuts = [0, prompt.length], logprobs = ALL_LOGPROBS } = options;
  const sampling = samplingOf(options.sampling);
  const story = newStory();
  const opens = [openOf(slot, prompt.length, { sampling, logprobs })];
  for (const [i, to] of cuts.slice(1).entries()) {
    const prefill = [prefillOf(slot, prompt, cuts[i] ?? 0, to)];
    record(story, await harness.run({ opens: i === 0 ? opens : [], prefill }), 0);
  }
  while (story.tokens.length < sampling.maxNewTokens && (story.flags.at(-1) ?? 0) === 0) {
    record(story, await harness.run({ decode: decodeOf(slot) }), 0);
  }
  await harness.run({ frees: [slot] });
  return story;
}

export const ALL_LOGPROBS = { startLen: 0, topNum: 3, tokenIds: [5, 90] };
