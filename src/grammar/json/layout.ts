import { cat, optional, text, type Expr } from '../expr.js';
import { isList, isMap, type Json } from './schema.js';

/** Where white space may stand between the tokens of JSON. */
export interface Layout {
  /** Inside brackets, beside them. */
  readonly edge: Expr;
  readonly comma: Expr;
  readonly colon: Expr;
}

/** As `json.dumps` writes it on one line: `--constrained-json-disable-any-whitespace`. */
export const FIXED_LAYOUT: Layout = { edge: text(''), comma: text(', '), colon: text(': ') };

/** `space` may stand between any two tokens. */
export function freeLayout(space: Expr = optional(text(' '))): Layout {
  return { edge: space, comma: cat(space, text(','), space), colon: cat(space, text(':'), space) };
}

/** One value, spelled in one way but for the white space. */
export function literal(value: Json, layout: Layout): Expr {
  if (isList(value)) {
    return bracketed(
      '[]',
      value.map((item) => literal(item, layout)),
      layout,
    );
  }
  if (!isMap(value)) return text(JSON.stringify(value));
  const entries = [...value].map(([key, item]) =>
    cat(text(JSON.stringify(key)), layout.colon, literal(item, layout)),
  );
  return bracketed('{}', entries, layout);
}

function bracketed(brackets: string, items: readonly Expr[], { edge, comma }: Layout): Expr {
  const inner = items.flatMap((item, i) => (i === 0 ? [item] : [comma, item]));
  const [open = '', close = ''] = brackets;
  return items.length === 0
    ? cat(text(open), edge, text(close))
    : cat(text(open), edge, ...inner, edge, text(close));
}
