/** What must hold after every operation, as a pure function over a tree's state. */
import type { PageAllocator } from './page-allocator.js';
import type { Orphan, PathLock } from './path-locks.js';
import { NO_STATE, type RadixNode, type RadixRoot } from './radix-node.js';
import type { StateSnapshots } from './state-snapshots.js';

/** Read, never changed. */
export interface TreeView {
  readonly pool: PageAllocator;
  /** Attached trees by namespace. */
  readonly roots: ReadonlyMap<string, RadixRoot>;
  readonly locks: ReadonlyMap<number, PathLock>;
  readonly numLockedPages: number;
  /** Heap order. */
  readonly queue: readonly RadixNode[];
  readonly states: StateSnapshots;
}

/** All broken invariants in words; empty is healthy. O(pages + nodes + locks × depth). */
export function findViolations(view: TreeView): string[] {
  const nodes = allNodes(view);
  return [
    ...[...view.roots].flatMap(([namespace, root]) => rootViolations(namespace, root)),
    ...[...nodes].flatMap((node) => nodeViolations(node)),
    ...lockViolations(view, nodes),
    ...pageViolations(view, nodes),
    ...queueViolations(view, nodes),
    ...stateViolations(view, nodes),
  ];
}

/** Nodes that a match can reach and nodes that only locks hold, without the tops. */
function allNodes(view: TreeView): Set<RadixNode> {
  const nodes = new Set<RadixNode>();
  const tops = new Set<RadixNode>();
  for (const root of view.roots.values()) tops.add(root.top);
  for (const { node } of view.locks.values()) tops.add(node.root.top);
  const pending = [...tops];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (!tops.has(node)) nodes.add(node);
    for (const child of node.children?.values() ?? []) pending.push(child);
  }
  return nodes;
}

function rootViolations(namespace: string, root: RadixRoot): string[] {
  const found: string[] = [];
  if (root.namespace !== namespace)
    found.push(`root '${root.namespace}' is filed as '${namespace}'`);
  if (!root.attached) found.push(`root '${namespace}' is detached but matched`);
  if (root.top.isLeaf) found.push(`root '${namespace}' is empty`);
  if (root.top.lockRef !== 0) found.push(`root '${namespace}' is locked itself`);
  return found;
}

function nodeViolations(node: RadixNode): string[] {
  const found: string[] = [];
  const { parent, children, root } = node;
  if (node.numPages === 0) found.push(`${nameOf(node)} is empty`);
  if (node.tokens.length !== node.numPages * root.pageSizeTokens) {
    found.push(`${nameOf(node)} has ${node.tokens.length} tokens`);
  }
  if (children?.size === 0) found.push(`${nameOf(node)} has an empty map of children`);
  if (parent?.childAt(node.tokens, 0) !== node) found.push(`${nameOf(node)} is filed wrongly`);
  if (parent?.root !== root) found.push(`${nameOf(node)} is in the tree of another root`);
  if (!root.attached && node.lockRef === 0) found.push(`${nameOf(node)} is detached and unlocked`);
  if (parent?.parent && parent.lastAccess < node.lastAccess) {
    found.push(`${nameOf(node)} was used after its parent`);
  }
  return found;
}

function lockViolations(view: TreeView, nodes: ReadonlySet<RadixNode>): string[] {
  const found: string[] = [];
  const counts = new Map<RadixNode, number>();
  const ends = new Map<RadixNode, number>();
  const holders = new Map<Orphan, number>();
  for (const [id, lock] of view.locks) {
    if (!nodes.has(lock.node)) found.push(`lock ${id} ends at a node that is gone`);
    let node = lock.node;
    ends.set(node, (ends.get(node) ?? 0) + 1);
    for (; node.parent !== null; node = node.parent) counts.set(node, (counts.get(node) ?? 0) + 1);
    for (const orphan of lock.orphans) holders.set(orphan, (holders.get(orphan) ?? 0) + 1);
  }
  for (const node of nodes) {
    const held = counts.get(node) ?? 0;
    if (node.lockRef !== held)
      found.push(`${nameOf(node)} has lockRef ${node.lockRef}, not ${held}`);
    if (node.numEnds !== (ends.get(node) ?? 0)) found.push(`${nameOf(node)} miscounts its ends`);
  }
  for (const [orphan, held] of holders) {
    if (orphan.numHolders === held) continue;
    found.push(`an orphan counts ${orphan.numHolders} holders, not ${held}`);
  }
  return found;
}

/** Every cached page is in exactly one node or orphan, and the counters are the sums. */
function pageViolations(view: TreeView, nodes: ReadonlySet<RadixNode>): string[] {
  const { pool } = view;
  const found: string[] = [];
  const seen = new Uint8Array(pool.numPages);
  const count = (pages: Int32Array, owner: string): void => {
    for (const page of pages) {
      if (seen[page] !== 0) found.push(`page ${page} is in two places`);
      if (pool.ownerOf(page) !== owner) found.push(`page ${page} is ${owner}, not so listed`);
      seen[page] = 1;
    }
  };
  const orphans = new Set([...view.locks.values()].flatMap((lock) => lock.orphans));
  let numLocked = 0;
  for (const node of nodes) {
    count(node.pages, 'cached');
    if (node.lockRef > 0) numLocked += node.numPages;
  }
  for (const orphan of orphans) {
    count(orphan.pages, 'cached');
    numLocked += orphan.pages.length;
  }
  count(pool.freePages(), 'free');
  const numUnseen = seen.reduce((sum, isSeen) => sum + 1 - isSeen, 0);
  if (numUnseen !== pool.numLeased)
    found.push(`${numUnseen} pages nowhere, ${pool.numLeased} leased`);
  if (numLocked !== view.numLockedPages) {
    found.push(`${numLocked} pages are locked, ${view.numLockedPages} counted`);
  }
  return found;
}

/** Every kept place is the state of one node, or of one orphan, and the nodes with one are those that are listed. */
function stateViolations({ states, locks }: TreeView, nodes: ReadonlySet<RadixNode>): string[] {
  const found: string[] = [];
  const seen = new Set<number>();
  const count = (place: number): void => {
    if (place === NO_STATE) return;
    if (seen.has(place)) found.push(`place ${place} is two states`);
    const owner = states.pool.ownerOf(place);
    if (owner !== 'cached') found.push(`place ${place} is ${owner ?? 'unknown'}, not kept`);
    seen.add(place);
  };
  for (const node of nodes) {
    count(node.state);
    if (states.nodes().has(node) !== (node.state !== NO_STATE)) {
      found.push(`${nameOf(node)} is listed wrongly for its state`);
    }
  }
  const orphans = new Set([...locks.values()].flatMap((lock) => lock.orphans));
  for (const { statePlace } of orphans) count(statePlace);
  const { kept } = states.counts;
  if (seen.size !== kept) found.push(`${seen.size} states, ${kept} places kept`);
  if ([...states.nodes()].some((node) => !nodes.has(node))) found.push('a state of a gone node');
  return found;
}

/** The queue holds exactly the attached, unlocked leaves, each where it says, in heap order. */
function queueViolations(view: TreeView, nodes: ReadonlySet<RadixNode>): string[] {
  const found: string[] = [];
  for (const [index, node] of view.queue.entries()) {
    if (node.queueIndex !== index) found.push(`${nameOf(node)} is not at ${node.queueIndex}`);
    if (!nodes.has(node)) found.push(`${nameOf(node)} is queued but gone`);
    const above = view.queue[(index - 1) >> 1];
    if (above !== undefined && above.lastAccess > node.lastAccess) {
      found.push(`${nameOf(node)} is queued below a younger node`);
    }
  }
  for (const node of nodes) {
    const isEvictable = node.isLeaf && node.lockRef === 0 && node.root.attached;
    if (isEvictable !== node.queueIndex >= 0) found.push(`${nameOf(node)} is queued wrongly`);
  }
  return found;
}

function nameOf(node: RadixNode): string {
  return `node [pages ${node.pages.join(' ')}]`;
}
