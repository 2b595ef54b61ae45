import type { NodeMark, RadixNode } from './radix-node.js';

/** Namespaces that keep their number; each later one is told as one more than these. */
const NAMESPACES_MAX = 4096;

/** What watchers know nodes and namespaces by, and what is counted of nodes while somebody watches. */
export class NodeMarks {
  /** Ids go on from one watch to the next: none is given twice. */
  #lastId = 0;
  #watch = 0;
  readonly #namespaces = new Map<string, number>();

  /** Counts begin at 0 again. */
  begin(): void {
    this.#watch++;
    this.#namespaces.clear();
  }

  of(node: RadixNode): NodeMark {
    if (node.mark?.watch === this.#watch) return node.mark;
    const id = node.mark?.id ?? ++this.#lastId;
    node.mark = { id, watch: this.#watch, hits: 0, seenAccess: -1, usedAtMs: null };
    return node.mark;
  }

  /** Matches that ended at the node, as far as somebody watched. Marks nothing. */
  hitsOf({ mark }: RadixNode): number {
    return mark?.watch === this.#watch ? mark.hits : 0;
  }

  /** 0 = the one that all share; never what it is called. */
  numberOf(namespace: string): number {
    if (namespace === '') return 0;
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const number = this.#namespaces.size + 1;
    if (number <= NAMESPACES_MAX) this.#namespaces.set(namespace, number);
    return number;
  }
}
