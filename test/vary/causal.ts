import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BuildDeps } from '../../src/model/built-model.js';
import type { PreparedModel } from '../../src/model/graph/contract.js';
import type { Quantization } from '../../src/model/quantize/format.js';
import { prepareModel } from '../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../doubles/build-deps.js';
import { roundingHere } from '../doubles/rounding.js';
import { largestError, type Golden } from '../unit/model/golden.js';
import { GraphRunner } from '../unit/model/run-graph.js';
import { otherBits } from './bits.js';

const NUM_PROMPT = 6;
const FORMATS = ['w8a8_int8', 'int8', 'int4'] as const;

/** Of as many tokens as a server of the model takes: whole, in chunks, and decoded behind a short prompt. */
export async function causalError(folder: string, golden: Golden): Promise<number> {
  const model = await prepare(folder, golden, 'none');
  const inputIds = golden.inputIds.slice(0, model.spec.contextLength);
  const logprobs = golden.logprobs.slice(0, inputIds.length);
  const runner = await GraphRunner.create(model, {
    slots: 3,
    maxSeq: roomFor(model, inputIds.length),
  });
  const errors = [largestError(await runner.extend(0, 0, inputIds, null), logprobs)];
  for (const chunk of [1, 5, 16]) {
    errors.push(largestError(await runner.prefillInChunks(1, inputIds, chunk), logprobs));
  }
  await runner.prefill(2, 0, inputIds.slice(0, NUM_PROMPT));
  runner.copySlot(2, 0);
  for (const [at, token] of inputIds.slice(NUM_PROMPT).entries()) {
    const position = NUM_PROMPT + at;
    const rows = await runner.decode([{ token, position }]);
    errors.push(largestError(rows, logprobs.slice(position, position + 1)));
  }
  return errors.reduce((most, error) => (error <= most ? most : error));
}

/** Rows of a slot: a device's has no more than the context. */
function roomFor({ spec }: PreparedModel, numTokens: number): number {
  return Math.min(spec.contextLength, Math.max(64, numTokens));
}

/** Checkpoint and config.json as they are, in f32. */
export async function bitsFound(folder: string, golden: Golden): Promise<readonly string[]> {
  const model = await prepare(folder, golden, 'none');
  return otherBits(model, golden.inputIds.slice(0, model.spec.contextLength));
}

/** `format=KL` of each format, and where its bits differ; or why it is none. */
export async function klByFormat(folder: string, golden: Golden): Promise<string> {
  const found: string[] = [];
  for (const format of FORMATS) {
    found.push(
      `${format}=${await klOf(folder, golden, format).catch((error: unknown) => String(error))}`,
    );
  }
  return found.join(' ');
}

function prepare(
  folder: string,
  { contextLength }: Golden,
  quantization: Quantization,
  deps: Partial<BuildDeps> = {},
): Promise<PreparedModel> {
  const options = {
    folder,
    quantization,
    loadFormat: 'auto',
    contextLength: contextLength ?? null,
  } as const;
  return prepareModel(options, { ...BUILD_DEPS, ...deps });
}

/** Mean of KL in nats per token against f32. */
async function klOf(folder: string, golden: Golden, quantization: Quantization): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'radish-vary-'));
  try {
    const deps = { ...roundingHere(), cacheDir: join(dir, 'cache'), temporaryDir: dir };
    const model = await prepare(folder, golden, quantization, deps);
    const inputIds = golden.inputIds.slice(0, model.spec.contextLength);
    const runner = await GraphRunner.create(model, { maxSeq: roomFor(model, inputIds.length) });
    const rows = await runner.extend(0, 0, inputIds, null);
    const kls = rows.map((row, at) =>
      (golden.logprobs[at] ?? []).reduce(
        (sum, logprob, id) => sum + Math.exp(logprob) * (logprob - (row[id] ?? NaN)),
        0,
      ),
    );
    const mean = kls.reduce((sum, kl) => sum + kl, 0) / kls.length;
    return [mean.toFixed(5), ...(await otherBits(model, inputIds))].join(' OTHER BITS ');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
