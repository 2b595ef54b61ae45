/** Where a prompt that is not run would leave the trees, and why. Reads, and changes nothing. */
import type { CacheMiss } from '../core/cache-miss.js';
import type { PrefixLeaving, PromptQuestion } from '../core/prefix-leaving.js';
import type { TreeKey } from '../messages.js';
import { explainMiss } from './explain-miss.js';
import type { ForgottenPages } from './forgotten-pages.js';
import type { PrefixCache } from './prefix-cache.js';
import type { RadixNode } from './radix-node.js';

export interface AllCaches {
  readonly caches: ReadonlyMap<TreeKey, PrefixCache>;
  readonly forgotten: ForgottenPages;
}

/** For each device. The last token of a prompt is always computed. */
export function whereItLeaves(
  { namespace, tenant, tokens, strict }: PromptQuestion,
  { caches, forgotten }: AllCaches,
  idOf: (node: RadixNode) => number,
): PrefixLeaving[] {
  const maxTokens = tokens.length - 1;
  return [...caches].map(([tree, own]) => {
    const asked = { namespace, tokens, maxTokens, strict, endsAtState: own.keepsStates };
    const { numTokens, path } = own.reader.longest(asked);
    const { pageSizeTokens } = own;
    const wholeMiss = missOfNothing(numTokens, maxTokens, pageSizeTokens);
    const question = { namespace, tenant, tokens, strict };
    const miss =
      wholeMiss ??
      explainMiss(question, numTokens, { own, all: caches.values(), forgotten }) ??
      missAt(numTokens);
    return { tree, numTokens, pageSizeTokens, miss, path: path.map(idOf) };
  });
}

/** Null = something was missed. */
function missOfNothing(numTokens: number, maxTokens: number, pageSize: number): CacheMiss | null {
  if (numTokens + pageSize <= maxTokens) return null;
  const cause = numTokens === maxTokens ? 'none' : 'less_than_a_page';
  return { cause, position: null, expectedToken: null };
}

function missAt(position: number): CacheMiss {
  return { cause: 'never_seen', position, expectedToken: null };
}
