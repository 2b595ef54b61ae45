import { negated, type CharRanges } from '../../src/grammar/chars.js';
import type { Expr, Rules } from '../../src/grammar/expr.js';

/** Rules in the EBNF that XGrammar reads; its root is `root`. */
export function ebnfText({ root, rules }: Rules): string {
  const names = new Map(
    [...rules.keys()].map((name, i) => [name, name === root ? 'root' : `n${i}`]),
  );
  const write = (expr: Expr): string => {
    switch (expr.kind) {
      case 'chars':
        return charsText(expr.chars);
      case 'text':
        return `"${Array.from(expr.text, escaped).join('')}"`;
      case 'cat':
        return expr.items.length === 0 ? '""' : `(${expr.items.map(write).join(' ')})`;
      case 'alt':
        return `(${expr.items.map(write).join(' | ')})`;
      case 'repeat':
        return `(${write(expr.item)})${countText(expr.min, expr.max)}`;
      case 'rule':
        return names.get(expr.name) ?? 'missing';
      case 'dispatch':
      case 'until':
        throw new Error('EBNF has no free text');
    }
  };
  return [...rules].map(([name, expr]) => `${names.get(name) ?? ''} ::= ${write(expr)}`).join('\n');
}

function countText(min: number, max: number): string {
  if (max !== Infinity) return `{${min},${max}}`;
  return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
}

/** What goes to the end of Unicode is said by what it leaves out: XGrammar reads `\\U` in a class wrongly. */
function charsText(ranges: CharRanges): string {
  if (ranges.at(-1)?.[1] === 0x10ffff)
    return `[^${negated(ranges)
      .map(([low, high]) => `${code(low)}-${code(high)}`)
      .join('')}]`;
  return `[${ranges.map(([low, high]) => `${code(low)}-${code(high)}`).join('')}]`;
}

function escaped(char: string): string {
  return code(char.codePointAt(0) ?? 0);
}

function code(value: number): string {
  return value > 0xffff
    ? `\\U${value.toString(16).padStart(8, '0')}`
    : `\\u${value.toString(16).padStart(4, '0')}`;
}
