import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Quantization } from '../../src/model/quantize/format.js';
import { prepareModel } from '../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../doubles/build-deps.js';
import { roundingHere } from '../doubles/rounding.js';
import { largestError, type Golden } from '../unit/model/golden.js';
import { GraphRunner } from '../unit/model/run-graph.js';

const NUM_PROMPT = 6;
const FORMATS = ['w8a8_int8', 'int8', 'int4'] as const;

/** The largest difference of a log-probability: whole, in chunks, and decoded behind a short prompt. */
export async function causalError(
  folder: string,
  { inputIds, logprobs, contextLength }: Golden,
): Promise<number> {
  const options = {
    folder,
    quantization: 'none',
    loadFormat: 'safetensors',
    contextLength: contextLength ?? null,
  } as const;
  const runner = await GraphRunner.create(await prepareModel(options, BUILD_DEPS), {
    slots: 3,
    maxSeq: Math.max(64, inputIds.length),
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

/** `format=KL` of each format, or why it is none. */
export async function klByFormat(folder: string, golden: Golden): Promise<string> {
  const found: string[] = [];
  for (const format of FORMATS) {
    const kl = await klOf(folder, golden, format).catch((error: unknown) => String(error));
    found.push(`${format}=${typeof kl === 'number' ? kl.toFixed(5) : kl}`);
  }
  return found.join(' ');
}

/** Mean of KL in nats per token against f32. */
async function klOf(
  folder: string,
  { inputIds, logprobs, contextLength }: Golden,
  quantization: Quantization,
): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'radish-vary-'));
  try {
    const options = {
      folder,
      quantization,
      loadFormat: 'auto',
      contextLength: contextLength ?? null,
    } as const;
    const deps = {
      ...BUILD_DEPS,
      ...roundingHere(),
      cacheDir: join(dir, 'cache'),
      temporaryDir: dir,
    };
    const runner = await GraphRunner.create(await prepareModel(options, deps), {
      maxSeq: Math.max(64, inputIds.length),
    });
    const rows = await runner.extend(0, 0, inputIds, null);
    const kls = logprobs.map((row, at) =>
      row.reduce(
        (sum, logprob, id) => sum + Math.exp(logprob) * (logprob - (rows[at]?.[id] ?? NaN)),
        0,
      ),
    );
    return kls.reduce((sum, kl) => sum + kl, 0) / kls.length;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
