import type { AnswerStats } from './message.js';

/** What came in less time than this came at once, and says nothing of a speed. */
const SHORTEST_MS = 20;

/** Of the tokens behind the first ones, which wait for the prompt. Null where there were too few. */
export function tokensPerSecond(stats: AnswerStats): number | null {
  const { completionTokens, firstTokens, firstMs, totalMs } = stats;
  const numTokens = completionTokens - firstTokens;
  if (numTokens < 2 || totalMs - firstMs < SHORTEST_MS) return null;
  return (1000 * numTokens) / (totalMs - firstMs);
}
