/** Objects whose properties are bare text between tags, as some models write the arguments of a call. */
import type { ArgumentTags } from '../../core/grammar.js';
import { cat, IMPOSSIBLE, NOTHING, optional, repeat, text, type Expr } from '../expr.js';
import { namedProperties, type Lowering } from './containers.js';
import { schemaFrom, typesOf } from './keywords.js';
import { literal } from './layout.js';
import { stringExpr } from './scalars.js';
import { at, isMap, refuse, type Json, type JsonMap, type Schema } from './schema.js';
import { BARE } from './spelling.js';

/** What the values between tags need of whoever lowers their schemas. */
export interface TaggedLowering extends Lowering {
  /** Without `$ref` beside other keywords, and without `allOf`. */
  flat(schema: Schema, path: string): Schema;
  /** The schemas of `anyOf` or `oneOf`, each with what stands beside them; null = there are none. */
  branches(flat: JsonMap, path: string): readonly (readonly [Schema, string])[] | null;
  /** The values of `enum` and `const`; null = it has neither. */
  constants(flat: JsonMap, path: string): readonly Json[] | null;
}

const LINE_BREAK = optional(text('\n'));
/** What says something about an object that is more than its properties. */
const REFUSED = ['patternProperties', 'propertyNames', 'minProperties', 'maxProperties'];

/** The arguments that a schema describes, in its order. @throws GrammarError */
export function taggedArguments(
  schema: Schema,
  tags: ArgumentTags,
  lowering: TaggedLowering,
): Expr {
  return new TaggedObject(tags, lowering).object(schema, '#');
}

class TaggedObject {
  readonly #tags: ArgumentTags;
  readonly #lowering: TaggedLowering;
  /** Around values that are not any text. */
  readonly #edge: Expr;

  constructor(tags: ArgumentTags, lowering: TaggedLowering) {
    this.#tags = tags;
    this.#lowering = lowering;
    this.#edge = tags.trims === 'none' ? NOTHING : LINE_BREAK;
  }

  object(schema: Schema, path: string): Expr {
    const flat = this.#lowering.flat(schema, path);
    if (flat === false) return IMPOSSIBLE;
    const map: JsonMap = isMap(flat) ? flat : new Map();
    const branches = this.#lowering.branches(map, path);
    if (branches !== null) {
      return { kind: 'alt', items: branches.map(([one, at]) => this.object(one, at)) };
    }
    if (!typesOf(map, path).includes('object')) return IMPOSSIBLE;
    const refused = REFUSED.find((name) => map.has(name));
    if (refused !== undefined) refuse(at(path, refused), 'cannot be held between tags');
    return this.#properties(map, path);
  }

  #properties(schema: JsonMap, path: string): Expr {
    const named = namedProperties(schema, path);
    if (named === null) return IMPOSSIBLE;
    const items = named.map(({ name, value, isRequired }) => {
      const argument = this.#argument(text(name), value, at(path, 'properties', name));
      return isRequired ? argument : optional(argument);
    });
    const names = named.map(({ name }) => name);
    const rest = schema.get('additionalProperties') ?? names.length === 0;
    const restPath = at(path, 'additionalProperties');
    const others =
      rest === false
        ? NOTHING
        : repeat(this.#argument(BARE.key(names), schemaFrom(rest, restPath), restPath), 0);
    return cat(LINE_BREAK, ...items, others);
  }

  #argument(name: Expr, value: Schema, path: string): Expr {
    const { open, nameEnd, valueOpen } = this.#tags;
    const begin = valueOpen === '' ? NOTHING : cat(LINE_BREAK, text(valueOpen));
    const head = cat(text(open), name, text(nameEnd), begin);
    return this.#lowering.shared(cat(head, this.#value(value, path), LINE_BREAK));
  }

  /** A value and the tag behind it. */
  #value(schema: Schema, path: string): Expr {
    const flat = this.#lowering.flat(schema, path);
    if (flat === false) return IMPOSSIBLE;
    if (flat === true) return this.#anyText();
    const branches = this.#lowering.branches(flat, path);
    if (branches !== null) {
      return { kind: 'alt', items: branches.map(([one, at]) => this.#value(one, at)) };
    }
    const constants = this.#lowering.constants(flat, path);
    if (constants !== null) {
      return { kind: 'alt', items: constants.map((value) => this.#constant(value)) };
    }
    const types = typesOf(flat, path);
    const others = types.filter((type) => type !== 'string');
    const items = types.length === others.length ? [] : [this.#string(flat, path)];
    if (others.length > 0) {
      const json = this.#lowering.value(new Map(flat).set('type', others), path);
      items.push(this.#closed(json));
    }
    return { kind: 'alt', items };
  }

  #string(schema: JsonMap, path: string): Expr {
    const bounded = stringExpr(schema, path, BARE);
    return bounded === null ? this.#anyText() : this.#closed(bounded);
  }

  /** A text that cannot be written, or would be read as another, is left out. */
  #constant(value: Json): Expr {
    if (typeof value !== 'string') return this.#closed(literal(value, this.#lowering.layout));
    const { valueEnd, otherEnds, trims } = this.#tags;
    const hasEnd = [valueEnd, ...otherEnds].some((end) => value.includes(end));
    const hasSpace = trims === 'all' && value !== value.trim();
    if (hasEnd || hasSpace || value.trim().toLowerCase() === 'null') return IMPOSSIBLE;
    const isLines = trims === 'line' && /^\n|\n$/.test(value);
    return isLines ? cat(text(`\n${value}\n${valueEnd}`)) : this.#closed(text(value));
  }

  #closed(value: Expr): Expr {
    return cat(this.#edge, value, this.#edge, text(this.#tags.valueEnd));
  }

  #anyText(): Expr {
    const { valueEnd, otherEnds } = this.#tags;
    return { kind: 'until', close: valueEnd, never: otherEnds };
  }
}
