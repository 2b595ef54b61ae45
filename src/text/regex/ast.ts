import type { CharTest } from './char-test.js';

/** A place between two characters. */
export type Place =
  | 'text-start'
  | 'line-start'
  /** `\Z` */
  | 'text-end'
  /** `$`: the end, or before the newline that ends the text. */
  | 'last-line-end'
  | 'line-end'
  | 'word-edge'
  | 'no-word-edge';

/** A parsed pattern. */
export type Node =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'cat'; readonly items: readonly Node[] }
  | { readonly kind: 'alt'; readonly items: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly item: Node;
      readonly min: number;
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    }
  | { readonly kind: 'place'; readonly place: Place; readonly isAscii: boolean }
  | { readonly kind: 'group'; readonly index: number; readonly item: Node }
  | { readonly kind: 'same'; readonly index: number; readonly ignoresCase: boolean }
  | { readonly kind: 'look'; readonly item: Node; readonly behind: number; readonly isNot: boolean }
  | { readonly kind: 'atomic'; readonly item: Node }
  | { readonly kind: 'if'; readonly index: number; readonly yes: Node; readonly no: Node };

type Width = readonly [least: number, most: number];

/** Looked up again by every look-around about it. */
const WIDTHS = new WeakMap<Node, Width>();

/** Fewest and most characters that a node takes; a look-around counts with what it looks at for the most. */
export function widthOf(node: Node): Width {
  const known = WIDTHS.get(node);
  if (known !== undefined) return known;
  const width = measure(node);
  WIDTHS.set(node, width);
  return width;
}

function measure(node: Node): Width {
  switch (node.kind) {
    case 'char':
      return [1, 1];
    case 'cat':
      return node.items
        .map(widthOf)
        .reduce<readonly [number, number]>(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case 'alt':
      return eitherOf(node.items);
    case 'if':
      return eitherOf([node.yes, node.no]);
    case 'repeat': {
      const [least, most] = widthOf(node.item);
      return [least * node.min, most === 0 ? 0 : most * node.max];
    }
    case 'group':
    case 'atomic':
      return widthOf(node.item);
    case 'same':
      return [0, Infinity];
    case 'look':
      return [0, node.behind > 0 ? 0 : widthOf(node.item)[1]];
    case 'place':
      return [0, node.place === 'last-line-end' ? 1 : 0];
  }
}

function eitherOf(items: readonly Node[]): readonly [number, number] {
  const widths = items.map(widthOf);
  return [
    widths.reduce((sum, [least]) => Math.min(sum, least), Infinity),
    widths.reduce((sum, [, most]) => Math.max(sum, most), 0),
  ];
}

/** True for patterns that an automaton can run: no groups are compared, nothing is looked at twice. */
export function isRegular(node: Node): boolean {
  switch (node.kind) {
    case 'char':
    case 'place':
      return true;
    case 'cat':
    case 'alt':
      return node.items.every(isRegular);
    case 'repeat':
      return node.mode !== 'possessive' && isRegular(node.item);
    case 'group':
      return isRegular(node.item);
    default:
      return false;
  }
}
