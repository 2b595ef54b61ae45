/** What of the radix trees is shown to whoever watches them. Plain values: they cross threads by copy. */

/** Which part of the trees to show. */
export interface TreesWish {
  /** Id of a node: its subtree and the path to it; null = everything. */
  readonly focus: number | null;
  /** Most nodes beside that path. */
  readonly maxNodes: number;
  /** The first {@link HEAD_TOKENS} tokens of each node are wanted. */
  readonly wantsHeads: boolean;
}

/** Tokens of a node that are shown as text. */
export const HEAD_TOKENS = 48;

/** The trees as one wish has them. */
export interface TreesView {
  /** Null: there is none, or the node has gone. */
  readonly focus: number | null;
  readonly trees: readonly TreeCut[];
}

/** The tree of one device generation, cut to what can be seen. */
export interface TreeCut {
  /** `rank:generation` */
  readonly tree: string;
  /** Of all of it. */
  readonly numNodes: number;
  readonly numTokens: number;
  /** Logical time: grows with each match and insert. */
  readonly clock: number;
  readonly epoch: number;
  /** Whole namespaces that are not shown. */
  readonly hidden: HiddenPart;
  /** Parents before their children. */
  readonly nodes: readonly ShownNode[];
  /** The nodes' first tokens one behind the other, {@link ShownNode.headLen} of each; null = not asked for. */
  readonly heads: Int32Array | null;
}

export interface ShownNode {
  readonly id: number;
  /** Null = the top of a namespace. */
  readonly parent: number | null;
  readonly numTokens: number;
  /** Its tokens and those of all below. */
  readonly width: number;
  /** Tokens above it. */
  readonly start: number;
  readonly lastAccess: number;
  /** Epoch milliseconds of a look at the tree by which it had been used; null = before anybody looked. */
  readonly usedAtMs: number | null;
  /** Matches that went to it or through it since somebody watches. */
  readonly numHits: number;
  readonly lockRef: number;
  readonly decodeMade: boolean;
  /** Of a top: a number that stands for the namespace, 0 = the one that all share. Null = no top. */
  readonly namespace: number | null;
  /** Its children that are not shown. */
  readonly hidden: HiddenPart;
  readonly headLen: number;
}

/** With all that is below. */
export interface HiddenPart {
  readonly numNodes: number;
  readonly numTokens: number;
}

/** Nodes that gave their pages up to others while somebody watched. */
export interface Evictions {
  readonly numNodes: number;
  readonly numTokens: number;
  /** The newest, in order. */
  readonly newest: readonly Evicted[];
}

export interface Evicted {
  /** 1, 2, … since somebody watches. */
  readonly num: number;
  readonly atMs: number;
  readonly tree: string;
  /** Null = it was never shown. */
  readonly node: number | null;
  readonly numTokens: number;
  /** Its beginning stayed. */
  readonly isPart: boolean;
  readonly decodeMade: boolean;
}

/** One look at all that somebody watches. */
export interface TreesSeen {
  /** In the order of the wishes. */
  readonly views: readonly TreesView[];
  readonly evictions: Evictions;
}
