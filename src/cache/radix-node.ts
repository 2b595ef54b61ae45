/** One node of the radix tree: a run of whole pages, all made the same way and used at the same time. */
import type { PrefixHash } from './prefix-hash.js';

const NOTHING = new Int32Array(0);

/** {@link RadixNode.state} of a node without one. */
export const NO_STATE = -1;

/** A page of tokens as a map key: the token itself at page size 1, else its 32-bit tokens as a string. */
export type PageKey = number | string;

/** The tree of one namespace. Detached by a flush: then only its locks know it. */
export class RadixRoot {
  attached = true;
  /** Without `top`. */
  numNodes = 0;
  /** Holds no tokens and no pages, and is never locked. */
  readonly top: RadixNode = new RadixNode(this, NOTHING, NOTHING, false, '');

  constructor(
    readonly namespace: string,
    readonly pageSizeTokens: number,
  ) {}
}

/** A node that was shown to a watcher, or matched while somebody watched. */
export interface NodeMark {
  readonly id: number;
  /** Number of the watch that {@link hits} count in. */
  watch: number;
  /** Matches that ended here. */
  hits: number;
  /** `lastAccess` at the last look, and by when it was used; null = before anybody looked. */
  seenAccess: number;
  usedAtMs: number | null;
}

export class RadixNode {
  parent: RadixNode | null = null;
  /** Null instead of empty: most nodes are leaves. */
  children: Map<PageKey, RadixNode> | null = null;
  /** Locks that end at this node or below it. */
  lockRef = 0;
  /** Locks that end at this node. */
  numEnds = 0;
  /** Place of the recurrent state behind its last row, or {@link NO_STATE}. Only state-snapshots.ts writes it. */
  state = NO_STATE;
  /** The tree's logical clock at the last match or insert. Never less than a child's. */
  lastAccess = 0;
  /** Place in the eviction queue, -1 = not there. Only the queue writes it. */
  queueIndex = -1;
  /** Of all tokens above it; null until somebody needed it. Only forgotten-pages.ts reads and writes it. */
  startHash: PrefixHash | null = null;
  /** What watchers know it by; null = none has seen it. Only tree-watch.ts reads and writes it. */
  mark: NodeMark | null = null;

  constructor(
    readonly root: RadixRoot,
    /** `[numPages * pageSizeTokens]` */
    public tokens: Int32Array,
    /** `[numPages]` */
    public pages: Int32Array,
    /** True when any of its rows came from decoding. */
    public decodeMade: boolean,
    /** Tenant whose request brought it first: only that one is told of it. */
    readonly owner: string,
  ) {}

  get numPages(): number {
    return this.pages.length;
  }

  get isLeaf(): boolean {
    return this.children === null;
  }

  /** The child that begins with page number `page` of `tokens`. */
  childAt(tokens: Int32Array, page: number): RadixNode | undefined {
    return this.children?.get(pageKey(tokens, page, this.root.pageSizeTokens));
  }

  /** How many of this node's first pages equal `tokens` from page `page` on; at most `maxPages`. */
  commonPages(tokens: Int32Array, page: number, maxPages: number): number {
    const pageSize = this.root.pageSizeTokens;
    const own = this.tokens;
    const from = page * pageSize;
    const end = Math.min(own.length, maxPages * pageSize);
    let i = 0;
    while (i < end && own[i] === tokens[from + i]) i++;
    return Math.floor(i / pageSize);
  }

  addChild(child: RadixNode): void {
    this.#link(child);
    this.root.numNodes++;
  }

  removeChild(child: RadixNode): void {
    this.children?.delete(child.#key());
    if (this.children?.size === 0) this.children = null;
    child.parent = null;
    this.root.numNodes--;
  }

  /** The node that holds just the first `numPages` pages, `0 < numPages`: this one, or a new parent. */
  headOf(numPages: number): RadixNode {
    return numPages === this.numPages ? this : this.#splitHead(numPages);
  }

  /** Drops all but the first `numPages` pages, `0 < numPages`. Amortized O(pages dropped). */
  keepFirst(numPages: number): void {
    this.tokens = shorten(this.tokens, numPages * this.root.pageSizeTokens);
    this.pages = shorten(this.pages, numPages);
  }

  /**
   * Moves the first `numPages` pages, `0 < numPages < this.numPages`, into a new parent and returns it.
   * This node keeps its identity, because locks and the eviction queue name it; its state is behind its end.
   */
  #splitHead(numPages: number): RadixNode {
    const parent = this.parent;
    if (parent === null) throw new Error('the top of a tree cannot be split');
    const cut = numPages * this.root.pageSizeTokens;
    const pages = this.pages.slice(0, numPages);
    const tokens = this.tokens.slice(0, cut);
    const head = new RadixNode(this.root, tokens, pages, this.decodeMade, this.owner);
    head.startHash = this.startHash;
    this.startHash = null;
    head.lockRef = this.lockRef;
    head.lastAccess = this.lastAccess;
    parent.addChild(head);
    this.tokens = this.tokens.slice(cut);
    this.pages = this.pages.slice(numPages);
    head.#link(this);
    return head;
  }

  #link(child: RadixNode): void {
    this.children ??= new Map();
    this.children.set(child.#key(), child);
    child.parent = this;
  }

  #key(): PageKey {
    return pageKey(this.tokens, 0, this.root.pageSizeTokens);
  }
}

/** Page ids of rows `[0, end of node)`, from the top down. */
export function pathPages(node: RadixNode): Int32Array {
  let end = 0;
  for (let at: RadixNode | null = node; at !== null; at = at.parent) end += at.numPages;
  const pages = new Int32Array(end);
  for (let at: RadixNode | null = node; at !== null; at = at.parent) {
    end -= at.numPages;
    pages.set(at.pages, end);
  }
  return pages;
}

function pageKey(tokens: Int32Array, page: number, pageSizeTokens: number): PageKey {
  if (pageSizeTokens === 1) return tokens[page] as number;
  const start = tokens.byteOffset + page * pageSizeTokens * tokens.BYTES_PER_ELEMENT;
  const halves = new Uint16Array(tokens.buffer, start, pageSizeTokens * 2);
  let key = '';
  for (const half of halves) key += String.fromCharCode(half);
  return key;
}

/** A view while it uses half of its memory or more, else a copy: so a short rest never pins a long array. */
function shorten(array: Int32Array, length: number): Int32Array {
  const isView = length * array.BYTES_PER_ELEMENT * 2 >= array.buffer.byteLength;
  return isView ? array.subarray(0, length) : array.slice(0, length);
}
