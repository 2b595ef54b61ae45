/**
 * What was cached and is not any more: a fingerprint for each page that was evicted, flushed, or went with its
 * device. A table of fixed size, where a newer page takes the place of an older one that falls on the same row; so
 * an old cause can be forgotten, and costs nobody anything.
 */
import { PrefixHash } from './prefix-hash.js';
import type { RadixNode } from './radix-node.js';

/** Rows, of 8 bytes. A power of two. */
export const FORGOTTEN_PAGES_MAX = 65_536;

const WAYS = ['evicted', 'flushed', 'closed'] as const;

/** `closed`: its device has gone. */
export type HowForgotten = (typeof WAYS)[number];

export interface ForgottenPage {
  readonly how: HowForgotten;
  readonly decodeMade: boolean;
  /** Of the device that had it. */
  readonly weightsEpoch: number;
}

/** Whose prefix it is. Nobody is told of a page that another tenant's request brought. */
export interface PrefixOwner {
  readonly namespace: string;
  readonly tenant: string;
}

export class ForgottenPages {
  /** `[row]` → second half of the fingerprint. Null until something is forgotten. */
  #tags: Int32Array | null = null;
  /** `[row]` → how, 0 = empty. */
  #notes: Uint32Array | null = null;

  /** The node's pages from `fromPage` on are about to go. */
  add(node: RadixNode, fromPage: number, how: HowForgotten, weightsEpoch: number): void {
    const tags = (this.#tags ??= new Int32Array(FORGOTTEN_PAGES_MAX));
    const notes = (this.#notes ??= new Uint32Array(FORGOTTEN_PAGES_MAX));
    const { pageSizeTokens, namespace } = node.root;
    const owner = PrefixHash.ofName(node.owner);
    const note = noteOf({ how, decodeMade: node.decodeMade, weightsEpoch });
    const hash = startHashOf(node, namespace).copy();
    hash.push(node.tokens, 0, fromPage * pageSizeTokens);
    for (let page = fromPage; page < node.numPages; page++) {
      hash.push(node.tokens, page * pageSizeTokens, (page + 1) * pageSizeTokens);
      const row = rowOf(hash, owner);
      tags[row] = hash.b ^ owner.b;
      notes[row] = note;
    }
  }

  /** How the last page of the prefix `tokens[0, numTokens)` went; null = it never was there, or nobody remembers. */
  recall(
    { namespace, tenant }: PrefixOwner,
    tokens: Int32Array,
    numTokens: number,
  ): ForgottenPage | null {
    if (this.#tags === null) return null;
    const hash = PrefixHash.ofName(namespace);
    hash.push(tokens, 0, numTokens);
    const owner = PrefixHash.ofName(tenant);
    const row = rowOf(hash, owner);
    if (this.#tags[row] !== (hash.b ^ owner.b)) return null;
    return pageOf(this.#notes?.[row] ?? 0);
  }
}

function rowOf(hash: PrefixHash, owner: PrefixHash): number {
  const mixed = Math.imul(hash.a ^ owner.a, 0x85ebca6b);
  return (mixed ^ (mixed >>> 16)) & (FORGOTTEN_PAGES_MAX - 1);
}

function noteOf({ how, decodeMade, weightsEpoch }: ForgottenPage): number {
  return (weightsEpoch << 3) | (decodeMade ? 4 : 0) | (WAYS.indexOf(how) + 1);
}

function pageOf(note: number): ForgottenPage | null {
  const how = WAYS[(note & 3) - 1];
  if (how === undefined) return null;
  return { how, decodeMade: (note & 4) !== 0, weightsEpoch: note >>> 3 };
}

/** Of all tokens above the node. Every node on the way keeps its own, so that a leaf costs its own tokens. */
function startHashOf(node: RadixNode, namespace: string): PrefixHash {
  const unknown: RadixNode[] = [];
  let at: RadixNode | null = node;
  while (at !== null && at.startHash === null) {
    unknown.push(at);
    at = at.parent;
  }
  for (let below = unknown.pop(); below !== undefined; below = unknown.pop()) {
    const { parent } = below;
    const hash = parent?.startHash?.copy() ?? PrefixHash.ofName(namespace);
    if (parent !== null) hash.push(parent.tokens, 0, parent.tokens.length);
    below.startHash = hash;
  }
  return node.startHash ?? PrefixHash.ofName(namespace);
}
