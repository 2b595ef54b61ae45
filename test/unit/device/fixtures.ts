import { TOP_K_ALL, type SamplingParams } from '../../../src/core/sampling-params.js';
import type { Random } from '../../../src/core/clock.js';
import type { HeadRows } from '../../../src/device/sampling/head-rows.js';

/** Greedy, unless overridden. */
export function samplingOf(overrides: Partial<SamplingParams> = {}): SamplingParams {
  return {
    maxNewTokens: 16,
    minNewTokens: 0,
    temperature: 1,
    topP: 1,
    topK: 1,
    minP: 0,
    frequencyPenalty: 0,
    presencePenalty: 0,
    repetitionPenalty: 1,
    stopTokenIds: [],
    ignoreEos: false,
    thoughtBudget: null,
    logitBias: [],
    seed: 1,
    seedHigh: 0,
    sampleIndex: 0,
    ...overrides,
  };
}

/** SGLang's default request: temperature 1, no filters. */
export function openSampling(overrides: Partial<SamplingParams> = {}): SamplingParams {
  return samplingOf({ topK: TOP_K_ALL, ...overrides });
}

/** Log-softmax of random logits; a larger `spread` makes a few tokens likelier. */
export function randomRow(random: Random, vocabSize: number, spread: number): Float32Array {
  const logits = Float64Array.from({ length: vocabSize }, () => (random() + random() - 1) * spread);
  return logSoftmax(logits);
}

export function logSoftmax(logits: Float64Array): Float32Array {
  const best = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - best), 0);
  return Float32Array.from(logits, (value) => value - best - Math.log(sum));
}

/** What the graph would give for these rows: top entries by falling value, equal ones by rising id. */
export function headOf(
  rows: readonly Float32Array[],
  logits: Float32Array | null = null,
): HeadRows {
  const vocabSize = rows[0]?.length ?? 0;
  const topCount = Math.min(64, vocabSize);
  const head = {
    vocabSize,
    topCount,
    logprobs: new Float32Array(rows.length * vocabSize),
    topValues: new Float32Array(rows.length * topCount),
    topIds: new BigInt64Array(rows.length * topCount),
    logits,
  };
  rows.forEach((row, index) => {
    head.logprobs.set(row, index * vocabSize);
    sortedIds(row)
      .slice(0, topCount)
      .forEach((id, i) => {
        head.topValues[index * topCount + i] = row[id] ?? NaN;
        head.topIds[index * topCount + i] = BigInt(id);
      });
  });
  return head;
}

export function sortedIds(row: Float32Array): number[] {
  return [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b);
}
