import { join } from 'node:path';

import { compare, type Window } from '../compare.js';
import { qualityOf, type Quality } from '../divergence.js';
import { EXACT, loadModel } from '../loaded-model.js';
import type { Teacher } from '../teacher.js';
import type { LlamaFormat, RadishFormat } from './formats.js';
import { WINDOW, type LlamaTools } from './llama-tools.js';
import type { PageModels } from './models.js';
import { sizeOfGguf, sizeOfPrepared, type Size } from './size.js';

export interface Measured {
  /** What it was computed in. */
  readonly format: string;
  readonly size: Size;
  readonly quality: Quality;
}

export interface RadishText {
  readonly windows: readonly Window[];
  readonly threads: number;
}

/** Each format against the turned copy in f32. */
export async function radishQuality(
  formats: readonly RadishFormat[],
  models: PageModels,
  { windows, threads }: RadishText,
): Promise<Map<string, Measured>> {
  const results = new Map<string, Measured>();
  if (formats.length === 0) return results;
  const room = { window: WINDOW, threads };
  const reference = await loadModel(await models.rotated(), EXACT, room);
  for (const format of formats) {
    const { prepared, teacher } = await loadModel(await models.sourceOf(format), format, room);
    const quality = qualityOf(await compare(reference.teacher, teacher, windows));
    const size = await sizeOfPrepared(prepared);
    results.set(format.id, { format: prepared.spec.format, size, quality });
    report(format.id, quality);
    await teacher.release();
  }
  await reference.teacher.release();
  return results;
}

export interface LlamaText {
  /** The file. */
  readonly text: string;
  /** As Radish reads it. */
  readonly tokens: readonly number[];
}

export interface LlamaMeasured {
  readonly points: ReadonlyMap<string, Measured>;
  /** Of its own f32. Null where nothing was asked. */
  readonly perplexity: number | null;
}

/** Each file against the f32 one, by llama.cpp's own tool. @throws where it reads the text in other tokens */
export async function llamaQuality(
  formats: readonly LlamaFormat[],
  { models, tools }: { readonly models: PageModels; readonly tools: LlamaTools },
  { text, tokens }: LlamaText,
): Promise<LlamaMeasured> {
  const points = new Map<string, Measured>();
  if (formats.length === 0) return { points, perplexity: null };
  const reference = join(models.folder, 'reference.bin');
  const read = await tools.writeReference(await models.exactGguf(), text, reference);
  const sameTokens = read.every((token, i) => token === tokens[i]);
  if (!sameTokens) throw new Error('llama.cpp reads the text in other tokens');
  let perplexity = NaN;
  for (const { id } of formats) {
    const gguf = await models.gguf(id);
    const { referencePerplexity, ...quality } = await tools.quality(gguf, text, reference);
    perplexity = referencePerplexity;
    points.set(id, { format: id, size: await sizeOfGguf(gguf), quality });
    report(id, quality);
  }
  return { points, perplexity };
}

/** How far the turned copy is from the model as it came: both in f32. */
export async function copyFacts(
  models: PageModels,
  { windows, threads }: RadishText,
): Promise<{ readonly kl: number; readonly logitDifference: number; readonly perplexity: number }> {
  const room = { window: WINDOW, threads };
  const original = await loadModel(models.original, EXACT, room);
  const copy = await loadModel(await models.rotated(), EXACT, room);
  const { kl, perplexity } = qualityOf(await compare(original.teacher, copy.teacher, windows));
  const logitDifference = await largestDifference(original.teacher, copy.teacher, windows);
  await original.teacher.release();
  await copy.teacher.release();
  return { kl, logitDifference, perplexity };
}

async function largestDifference(
  a: Teacher,
  b: Teacher,
  windows: readonly Window[],
): Promise<number> {
  let largest = 0;
  for (const { tokens } of windows) {
    const of = await b.logits(tokens);
    (await a.logits(tokens)).forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - (of[i] ?? NaN)));
    });
  }
  return largest;
}

function report(id: string, { kl, sameTop1 }: Quality): void {
  console.error(`${id}: KL ${kl.toPrecision(3)}, same top-1 ${(100 * sameTop1).toFixed(1)} %`);
}
