/**
 * The leaves that may be evicted, least recently used first: a binary heap by `lastAccess` in which every
 * node knows its place, so that a lock takes a leaf out in O(log n) and no stale entry is ever kept.
 */
import type { RadixNode } from './radix-node.js';

export class EvictionQueue {
  readonly #heap: RadixNode[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** All leaves in heap order, for the invariants. */
  nodes(): readonly RadixNode[] {
    return this.#heap;
  }

  /** The leaf that was used longest ago. */
  least(): RadixNode | undefined {
    return this.#heap[0];
  }

  /** `lastAccess` must not change while the node is here. */
  add(node: RadixNode): void {
    this.#heap.push(node);
    this.#rise(node, this.#heap.length - 1);
  }

  /** Does nothing when the node is not here. */
  remove(node: RadixNode): void {
    const index = node.queueIndex;
    if (index === -1) return;
    node.queueIndex = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === node) return;
    this.#rise(last, index);
    this.#sink(last, last.queueIndex);
  }

  clear(): void {
    for (const node of this.#heap) node.queueIndex = -1;
    this.#heap.length = 0;
  }

  #rise(node: RadixNode, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1] as RadixNode;
      if (parent.lastAccess <= node.lastAccess) break;
      this.#put(parent, index);
      index = (index - 1) >> 1;
    }
    this.#put(node, index);
  }

  #sink(node: RadixNode, from: number): void {
    let index = from;
    for (;;) {
      const child = this.#lesserChild(index);
      if (child === undefined || child.lastAccess >= node.lastAccess) break;
      const hole = child.queueIndex;
      this.#put(child, index);
      index = hole;
    }
    this.#put(node, index);
  }

  #lesserChild(index: number): RadixNode | undefined {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    if (left === undefined || right === undefined) return left;
    return left.lastAccess <= right.lastAccess ? left : right;
  }

  #put(node: RadixNode, index: number): void {
    this.#heap[index] = node;
    node.queueIndex = index;
  }
}
