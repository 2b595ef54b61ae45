/**
 * Reads the trees of one device for whoever asks why a prompt was not cached, and changes nothing. Who asks that sees
 * only pages that the own key brought: what others have cached is none of its business.
 */
import { NO_STATE, type RadixNode, type RadixRoot } from './radix-node.js';

/** Other namespaces, and other continuations of one prefix, that a look at them goes through. */
export const LOOKED_AT_MAX = 1024;

/** About the page `tokens[numTokens, numTokens + pageSizeTokens)`, which must be whole. */
export interface PageQuestion {
  readonly namespace: string;
  readonly tenant: string;
  readonly tokens: Int32Array;
  /** Whole pages. */
  readonly numTokens: number;
}

/** How much of a prompt is cached. */
export interface PrefixQuestion {
  readonly namespace: string;
  readonly tokens: Int32Array;
  readonly maxTokens: number;
  /** Rows that decoding made do not count. */
  readonly strict: boolean;
  /** Rows count as far as the last recurrent state among them. */
  readonly endsAtState: boolean;
}

export interface Prefix {
  readonly numTokens: number;
  /** From the top on; empty = nothing is cached. */
  readonly path: readonly RadixNode[];
}

/** Where a prompt leaves what is cached beside it. */
export interface Fork {
  readonly position: number;
  readonly expectedToken: number;
}

/** Page number `offset` of the node; `offset = node.numPages` is the first of a child. */
interface Place {
  readonly node: RadixNode;
  readonly offset: number;
}

export class TreeReader {
  readonly #roots: ReadonlyMap<string, RadixRoot>;

  constructor(roots: ReadonlyMap<string, RadixRoot>) {
    this.#roots = roots;
  }

  /** Of all namespaces, for whoever may see how large they are. */
  get roots(): Iterable<RadixRoot> {
    return this.#roots.values();
  }

  /**
   * The longest cached prefix of `tokens[0, maxTokens)` that a prompt may take, in whole pages. Nothing is locked or
   * split: of the last node it may cover a part.
   */
  longest({ namespace, tokens, maxTokens, strict, endsAtState }: PrefixQuestion): Prefix {
    const root = this.#roots.get(namespace);
    if (root === undefined) return { numTokens: 0, path: [] };
    const { pageSizeTokens } = root;
    const maxPages = Math.floor(Math.min(maxTokens, tokens.length) / pageSizeTokens);
    const path: RadixNode[] = [root.top];
    let page = 0;
    let end = { numTokens: 0, depth: 0 };
    for (let at: RadixNode = root.top; page < maxPages;) {
      const child = at.childAt(tokens, page);
      if (child === undefined || (strict && child.decodeMade)) break;
      const numCommon = child.commonPages(tokens, page, maxPages - page);
      if (numCommon === 0) break;
      path.push(child);
      page += numCommon;
      const isWhole = numCommon === child.numPages;
      const isEnd = !endsAtState || (isWhole && child.state !== NO_STATE);
      if (isEnd) end = { numTokens: page * pageSizeTokens, depth: path.length };
      if (!isWhole) break;
      at = child;
    }
    return { numTokens: end.numTokens, path: path.slice(0, end.depth) };
  }

  /** The node that has the page; null = nobody's, or not the asker's. */
  holder(question: PageQuestion): RadixNode | null {
    return holderIn(this.#roots.get(question.namespace), question);
  }

  /** Another namespace of the asker's has the page. */
  isElsewhere(question: PageQuestion): boolean {
    let left = LOOKED_AT_MAX;
    for (const root of this.#roots.values()) {
      if (left-- <= 0) return false;
      if (root.namespace === question.namespace) continue;
      if (holderIn(root, question) !== null) return true;
    }
    return false;
  }

  /** What follows the prefix instead of the page: of the asker's prompts the one that is like it for longest. */
  fork(question: PageQuestion): Fork | null {
    const { tokens, numTokens, tenant } = question;
    const place = placeOf(this.#roots.get(question.namespace), question);
    if (place === null) return null;
    let nearest: RadixNode | null = null;
    let longest = 0;
    for (const [node, from] of followers(place)) {
      if (node.owner !== tenant) continue;
      const numCommon = commonTokens(node, from, tokens, numTokens);
      const isNearer =
        nearest === null ||
        numCommon > longest ||
        (numCommon === longest && node.lastAccess > nearest.lastAccess);
      if (!isNearer) continue;
      nearest = node;
      longest = numCommon;
    }
    // Prompts that have nothing in common are not beside each other.
    if (nearest === null || numTokens + longest === 0) return null;
    const start = place.node === nearest ? place.offset * nearest.root.pageSizeTokens : 0;
    const expectedToken = nearest.tokens[start + longest];
    if (expectedToken === undefined) return null;
    return { position: numTokens + longest, expectedToken };
  }
}

function holderIn(root: RadixRoot | undefined, question: PageQuestion): RadixNode | null {
  const { tokens, numTokens, tenant } = question;
  const place = placeOf(root, question);
  if (place === null) return null;
  const { node, offset } = place;
  const { pageSizeTokens } = node.root;
  if (offset === node.numPages) {
    const child = node.childAt(tokens, numTokens / pageSizeTokens);
    return child?.owner === tenant ? child : null;
  }
  const start = offset * pageSizeTokens;
  const isSame = commonTokens(node, start, tokens, numTokens) === pageSizeTokens;
  return isSame && node.owner === tenant ? node : null;
}

/** Where the prefix `tokens[0, numTokens)` ends in the tree; null = the tree has less of it. */
function placeOf(root: RadixRoot | undefined, { tokens, numTokens }: PageQuestion): Place | null {
  if (root === undefined) return null;
  const numPages = numTokens / root.pageSizeTokens;
  let node = root.top;
  let offset = 0;
  let page = 0;
  while (page < numPages) {
    const child = node.childAt(tokens, page);
    if (child === undefined) return null;
    const wanted = Math.min(child.numPages, numPages - page);
    if (child.commonPages(tokens, page, wanted) < wanted) return null;
    node = child;
    offset = wanted;
    page += wanted;
  }
  return { node, offset };
}

/** The nodes that go on from here, each with its first token to look at. */
function* followers({ node, offset }: Place): Generator<readonly [node: RadixNode, from: number]> {
  if (offset < node.numPages) {
    yield [node, offset * node.root.pageSizeTokens];
    return;
  }
  let left = LOOKED_AT_MAX;
  for (const child of node.children?.values() ?? []) {
    if (left-- <= 0) return;
    yield [child, 0];
  }
}

/** How many tokens of one page of the node, from its token `from` on, equal `tokens[start, …)`. */
function commonTokens(node: RadixNode, from: number, tokens: Int32Array, start: number): number {
  const { pageSizeTokens } = node.root;
  let i = 0;
  while (i < pageSizeTokens && node.tokens[from + i] === tokens[start + i]) i++;
  return i;
}
