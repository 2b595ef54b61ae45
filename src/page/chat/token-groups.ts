import type { AnswerToken } from './message.js';

/** Tokens that only together are text: a character may lie in several. */
export interface TokenGroup {
  readonly text: string;
  /** At least one. */
  readonly tokens: readonly AnswerToken[];
  /** Of all of them together, in [0, 1]. */
  readonly probability: number;
}

/** How many colours there are; the last is for what was as good as certain. */
export const NUM_LEVELS = 6;

const LEVELS = [0.05, 0.2, 0.45, 0.7, 0.9] as const;

export function groupsOf(tokens: readonly AnswerToken[]): readonly TokenGroup[] {
  const groups: TokenGroup[] = [];
  let open: AnswerToken[] = [];
  for (const token of tokens) {
    open.push(token);
    const text = textOf(open);
    // A character has at most four bytes: what is no text by then never will be.
    if (text === null && open.length < 4) continue;
    groups.push(group(open, text ?? open.map((one) => one.text).join('')));
    open = [];
  }
  if (open.length > 0) groups.push(group(open, open.map((one) => one.text).join('')));
  return groups;
}

/** 0 (unlikely) … {@link NUM_LEVELS} - 1 */
export function levelOf(probability: number): number {
  const level = LEVELS.findIndex((bound) => probability < bound);
  return level === -1 ? NUM_LEVELS - 1 : level;
}

function group(tokens: readonly AnswerToken[], text: string): TokenGroup {
  const logprob = tokens.reduce((sum, token) => sum + token.logprob, 0);
  return { text, tokens, probability: Math.exp(logprob) };
}

/** Null while their bytes end in the midst of a character. */
function textOf(tokens: readonly AnswerToken[]): string | null {
  if (tokens.every(({ bytes }) => bytes.length === 0))
    return tokens.map((one) => one.text).join('');
  const bytes = Uint8Array.from(tokens.flatMap((token) => token.bytes));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
