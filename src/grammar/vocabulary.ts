import type { VocabularyBytes } from '../core/vocabulary-bytes.js';

/** A trie of all tokens in preorder, so that a walk is one loop. */
export class Vocabulary {
  readonly vocabSize: number;
  readonly specials: VocabularyBytes['specials'];
  /** Byte that leads to each node, `[numNodes]`. */
  readonly byteAt: Uint8Array;
  /** Length of what each node spells. */
  readonly depthAt: Uint16Array;
  /** First node that is not below. */
  readonly skipTo: Int32Array;
  /** Tokens that end at node i are `tokens[tokensFrom[i], tokensFrom[i + 1])`. */
  readonly tokensFrom: Int32Array;
  readonly tokens: Int32Array;
  readonly #source: VocabularyBytes;

  constructor(source: VocabularyBytes) {
    this.#source = source;
    this.vocabSize = source.vocabSize;
    this.specials = source.specials;
    const order = this.#sorted();
    const numNodes = this.#countNodes(order);
    this.byteAt = new Uint8Array(numNodes);
    this.depthAt = new Uint16Array(numNodes);
    this.skipTo = new Int32Array(numNodes).fill(numNodes);
    this.tokensFrom = new Int32Array(numNodes + 1);
    this.tokens = Int32Array.from(order);
    this.#fill(order);
  }

  /** Bytes of the longest one. */
  get longestToken(): number {
    return this.depthAt.reduce((most, depth) => Math.max(most, depth), 0);
  }

  /** Words of a mask, 32 tokens each. */
  get numWords(): number {
    return Math.ceil(this.vocabSize / 32);
  }

  bytesOf(token: number): Uint8Array {
    const { starts, bytes } = this.#source;
    return bytes.subarray(starts[token] ?? 0, starts[token + 1] ?? 0);
  }

  #sorted(): number[] {
    const order: number[] = [];
    for (let id = 0; id < this.vocabSize; id++) if (this.bytesOf(id).length > 0) order.push(id);
    const views = order.map((id) => this.bytesOf(id));
    const places = order.map((_, i) => i);
    const none = new Uint8Array(0);
    places.sort((a, b) => Buffer.compare(views[a] ?? none, views[b] ?? none));
    return places.map((place) => order[place] ?? 0);
  }

  #countNodes(order: readonly number[]): number {
    let numNodes = 0;
    let previous: Uint8Array = new Uint8Array(0);
    for (const id of order) {
      const bytes = this.bytesOf(id);
      numNodes += bytes.length - sharedLength(previous, bytes);
      previous = bytes;
    }
    return numNodes;
  }

  #fill(order: readonly number[]): void {
    const path: number[] = [];
    let node = 0;
    let previous: Uint8Array = new Uint8Array(0);
    order.forEach((id, place) => {
      const bytes = this.bytesOf(id);
      const shared = sharedLength(previous, bytes);
      for (const closed of path.splice(shared)) this.skipTo[closed] = node;
      for (let i = shared; i < bytes.length; i++) {
        this.byteAt[node] = bytes[i] ?? 0;
        this.depthAt[node] = i + 1;
        this.tokensFrom[node] = place;
        path.push(node++);
      }
      // Of equal tokens the later ones belong to the same node.
      this.tokensFrom[node] = place + 1;
      previous = bytes;
    });
  }
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  return i;
}
