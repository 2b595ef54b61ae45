/** Patterns that compare groups or look around, by trying one way after the other, as Python's `re` does. */
import type { Node } from './ast.js';
import { holds } from './places.js';

/** Goes on at a character index with what groups hold; true = the rest matches. */
type Rest = (at: number, groups: Groups) => boolean;
/** `[start, end)` by group index. */
type Groups = readonly (readonly [number, number] | undefined)[];

/** One search in a text; every step is charged for. */
export class BacktrackSearch {
  readonly #chars: readonly number[];
  readonly #charge: (cost: number) => void;
  /** False where the text has been cut: it does not begin here. */
  readonly #isWhole: boolean;

  constructor(chars: readonly number[], isWhole: boolean, charge: (cost: number) => void) {
    this.#chars = chars;
    this.#isWhole = isWhole;
    this.#charge = charge;
  }

  /** Index of the character where the leftmost match begins; null = none. */
  find(node: Node): number | null {
    for (let start = 0; start <= this.#chars.length; start++) {
      if (this.#match(node, start, [], () => true)) return start;
    }
    return null;
  }

  #match(node: Node, at: number, groups: Groups, rest: Rest): boolean {
    this.#charge(1);
    switch (node.kind) {
      case 'char': {
        const char = this.#chars[at];
        return char !== undefined && node.test(char) && rest(at + 1, groups);
      }
      case 'cat':
        return this.#sequence(node.items, 0, at, groups, rest);
      case 'alt':
        return node.items.some((item) => this.#match(item, at, groups, rest));
      case 'repeat':
        return this.#repeat(node, { at, groups, count: 0 }, rest);
      case 'place':
        return holds(node.place, node.isAscii, this.#around(at)) && rest(at, groups);
      case 'group':
        return this.#match(node.item, at, groups, (end, inner) =>
          rest(end, withGroup(inner, node.index, [at, end])),
        );
      case 'same':
        return this.#same(node, at, groups, rest);
      case 'look':
        return this.#look(node, at, groups, rest);
      case 'atomic':
        return this.#once(node.item, at, groups, rest);
      case 'if': {
        const branch = groups[node.index] === undefined ? node.no : node.yes;
        return this.#match(branch, at, groups, rest);
      }
    }
  }

  #sequence(items: readonly Node[], i: number, at: number, groups: Groups, rest: Rest): boolean {
    const item = items[i];
    if (item === undefined) return rest(at, groups);
    return this.#match(item, at, groups, (end, inner) =>
      this.#sequence(items, i + 1, end, inner, rest),
    );
  }

  #repeat(
    node: Extract<Node, { kind: 'repeat' }>,
    { at, groups, count }: { at: number; groups: Groups; count: number },
    rest: Rest,
  ): boolean {
    if (node.mode === 'possessive') {
      return this.#once({ ...node, mode: 'greedy' }, at, groups, rest);
    }
    const more = (): boolean =>
      count < node.max &&
      this.#match(node.item, at, groups, (end, inner) => {
        if (end === at && count >= node.min) return false;
        return this.#repeat(node, { at: end, groups: inner, count: count + 1 }, rest);
      });
    const enough = (): boolean => count >= node.min && rest(at, groups);
    return node.mode === 'lazy' ? enough() || more() : more() || enough();
  }

  /** The first way to match `item` is the only one. */
  #once(item: Node, at: number, groups: Groups, rest: Rest): boolean {
    const ways: (readonly [number, Groups])[] = [];
    this.#match(item, at, groups, (end, inner) => {
      ways.push([end, inner]);
      return true;
    });
    const [first] = ways;
    return first !== undefined && rest(...first);
  }

  #look(node: Extract<Node, { kind: 'look' }>, at: number, groups: Groups, rest: Rest): boolean {
    const width = node.behind === 0 ? 0 : node.behind;
    const from = at - width;
    let inside = groups;
    const isThere =
      from >= 0 &&
      this.#match(node.item, from, groups, (end, inner) => {
        if (width > 0 && end !== at) return false;
        inside = inner;
        return true;
      });
    return isThere !== node.isNot && rest(at, node.isNot ? groups : inside);
  }

  #same(
    { index, ignoresCase }: Extract<Node, { kind: 'same' }>,
    at: number,
    groups: Groups,
    rest: Rest,
  ): boolean {
    const group = groups[index];
    if (group === undefined) return false;
    const [start, end] = group;
    for (let i = 0; i < end - start; i++) {
      this.#charge(1);
      const [a, b] = [this.#chars[start + i], this.#chars[at + i]];
      if (a === undefined || b === undefined) return false;
      if (a !== b && !(ignoresCase && lower(a) === lower(b))) return false;
    }
    return rest(at + end - start, groups);
  }

  #around(at: number): { before: number; after: number; isLast: boolean } {
    const none = this.#isWhole ? -1 : 0;
    return {
      before: at === 0 ? none : (this.#chars[at - 1] ?? -1),
      after: this.#chars[at] ?? -1,
      isLast: at === this.#chars.length - 1,
    };
  }
}

function withGroup(groups: Groups, index: number, span: readonly [number, number]): Groups {
  const changed = [...groups];
  changed[index] = span;
  return changed;
}

function lower(char: number): string {
  return String.fromCodePoint(char).toLowerCase();
}
