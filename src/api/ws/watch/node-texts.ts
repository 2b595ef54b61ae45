import type { ShownNode, TreeCut } from '../../../core/tree-view.js';

/** Characters of a node's text. */
const TEXT_MAX = 160;
/** Nodes whose text is made at one look, the widest first: the rest have theirs later. */
const NEW_TEXTS_MAX = 16;

export type DecodeIds = (ids: Int32Array) => string;

type Named = Pick<ShownNode, 'id' | 'start' | 'headLen'>;

/** The beginnings of shown nodes as text, each made once. */
export class NodeTexts {
  readonly #decode: DecodeIds;
  #texts = new Map<string, string>();

  constructor(decode: DecodeIds) {
    this.#decode = decode;
  }

  /** Null = it has not been made yet. */
  of(node: Named): string | null {
    return this.#texts.get(keyOf(node)) ?? null;
  }

  /** Makes texts of what is shown, and forgets those of all else. */
  read(cuts: readonly TreeCut[]): void {
    const texts = new Map<string, string>();
    const unknown: { readonly node: ShownNode; readonly ids: Int32Array }[] = [];
    for (const { nodes, heads } of cuts) {
      let from = 0;
      for (const node of nodes) {
        const ids = heads?.subarray(from, from + node.headLen);
        from += node.headLen;
        const known = this.of(node);
        if (known !== null) texts.set(keyOf(node), known);
        else if (ids !== undefined && ids.length > 0) unknown.push({ node, ids });
      }
    }
    unknown.sort((a, b) => b.node.width - a.node.width);
    for (const { node, ids } of unknown.slice(0, NEW_TEXTS_MAX)) {
      texts.set(keyOf(node), this.#decode(ids).slice(0, TEXT_MAX));
    }
    this.#texts = texts;
  }
}

/** A node that is split goes on with other tokens. */
function keyOf({ id, start, headLen }: Named): string {
  return `${id}:${start}:${headLen}`;
}
