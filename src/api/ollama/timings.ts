import type { Generation } from '../../engine/generation.js';

const NS_PER_MS = 1e6;

/** `created_at`: RFC 3339 in UTC, with nine digits of a second. */
export function timestamp(nowMs = performance.timeOrigin + performance.now()): string {
  const ns = Math.floor((nowMs % 1000) * NS_PER_MS);
  return `${new Date(nowMs).toISOString().slice(0, 19)}.${String(ns).padStart(9, '0')}Z`;
}

/** Milliseconds as the whole nanoseconds that Ollama counts in. */
export function nanoseconds(ms: number): number {
  return Math.max(0, Math.round(ms * NS_PER_MS));
}

/**
 * The counts and durations that end an answer. The model is always loaded: `load_duration` is what the request took
 * until the model began with it, tokenizing and waiting. The three parts add up to the whole.
 * @param arrivedMs when the request came, on the clock of `performance.now`
 */
export function metricsOf(generation: Generation, arrivedMs: number) {
  const { createdMs, firstTokenMs, stats, promptTokens, outputIds } = generation;
  const endMs = generation.finishedMs ?? createdMs;
  const beginMs = createdMs + (stats?.queueMs ?? 0);
  const readMs = firstTokenMs ?? endMs;
  return {
    total_duration: nanoseconds(endMs - arrivedMs),
    load_duration: nanoseconds(beginMs - arrivedMs),
    prompt_eval_count: promptTokens,
    prompt_eval_duration: nanoseconds(readMs - beginMs),
    eval_count: outputIds.length,
    eval_duration: nanoseconds(endMs - readMs),
  };
}
