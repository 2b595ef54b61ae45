/** JSON Schema as rules of a grammar. What a grammar cannot hold is refused with its place in the schema. */
import type { ArgumentTags } from '../../core/grammar.js';
import { Automaton } from '../automaton.js';
import { GrammarError } from '../errors.js';
import { IMPOSSIBLE, rule, text, type Expr, type Rules } from '../expr.js';
import { buildMachine } from '../states.js';
import { arrayOf, objectOf } from './containers.js';
import { assertionsOf, checkKeywords, KEYWORDS_OF, schemaListOf, typesOf } from './keywords.js';
import { literal, type Layout } from './layout.js';
import { areDisjoint, mergeSchemas } from './merge.js';
import { numberExpr, stringExpr } from './scalars.js';
import {
  at,
  hasType,
  isList,
  isMap,
  isSchema,
  refuse,
  type Json,
  type JsonMap,
  type JsonType,
  type Schema,
} from './schema.js';
import { CHAR_RULE, JSON_CHAR, QUOTED, quotedWithout, type Spelling } from './spelling.js';
import { taggedArguments, type TaggedLowering } from './tagged.js';

/** Schemas that one schema may come to, merged ones included. */
const MAX_SCHEMAS = 20_000;
const MAX_DEPTH = 200;
const ROOT_RULE = 'root';

/** @throws GrammarError */
export function lowerSchema(schema: Schema, layout: Layout): Rules {
  return new SchemaLowering(schema, layout).rules();
}

/** The properties of an object between tags. @throws GrammarError */
export function lowerArguments(schema: Schema, layout: Layout, tags: ArgumentTags): Rules {
  const strings = quotedWithout([tags.valueEnd, ...tags.otherEnds]);
  return new SchemaLowering(schema, layout, strings).argumentRules(tags);
}

class SchemaLowering implements TaggedLowering {
  readonly layout: Layout;
  readonly strings: Spelling;
  readonly #root: Schema;
  readonly #rules = new Map<string, Expr>([[CHAR_RULE, JSON_CHAR]]);
  #numSchemas = 0;
  #depth = 0;

  constructor(root: Schema, layout: Layout, strings = QUOTED) {
    this.#root = root;
    this.layout = layout;
    this.strings = strings;
  }

  rules(): Rules {
    this.#rules.set(ROOT_RULE, this.value(this.#root, '#'));
    return { root: ROOT_RULE, rules: this.#rules };
  }

  argumentRules(tags: ArgumentTags): Rules {
    this.#rules.set(ROOT_RULE, taggedArguments(this.#root, tags, this));
    return { root: ROOT_RULE, rules: this.#rules };
  }

  value(schema: Schema, path: string): Expr {
    if (schema === false) return IMPOSSIBLE;
    if (++this.#numSchemas > MAX_SCHEMAS) {
      throw new GrammarError(
        `the schema is too large: it comes to more than ${MAX_SCHEMAS} schemas`,
      );
    }
    if (++this.#depth > MAX_DEPTH) refuse(path, 'the schema refers to itself without end');
    const expr = schema === true ? this.#anything() : this.#map(schema, path);
    this.#depth--;
    return expr;
  }

  shared(expr: Expr): Expr {
    if (expr.kind === 'rule' || expr.kind === 'text') return expr;
    const name = `r${this.#rules.size}`;
    this.#rules.set(name, expr);
    return rule(name);
  }

  matches(expr: Expr, value: string): boolean {
    const automaton = new Automaton(buildMachine({ root: '', rules: new Map([['', expr]]) }));
    return automaton.stepAll(automaton.start(), new TextEncoder().encode(value))?.isEnd ?? false;
  }

  #map(schema: JsonMap, path: string): Expr {
    checkKeywords(schema, path);
    const ref = schema.get('$ref');
    if (ref !== undefined && assertionsOf(schema).length === 1) return this.#reference(ref, path);
    const flat = this.flat(schema, path);
    if (typeof flat === 'boolean') return flat ? this.#anything() : IMPOSSIBLE;
    checkKeywords(flat, path);
    const branches = this.branches(flat, path);
    if (branches !== null) {
      return { kind: 'alt', items: branches.map(([one, its]) => this.value(one, its)) };
    }
    const constants = this.constants(flat, path);
    if (constants !== null) {
      return { kind: 'alt', items: constants.map((value) => literal(value, this.layout)) };
    }
    const types = typesOf(flat, path);
    const distinct = types.filter((type) => type !== 'integer' || !types.includes('number'));
    return { kind: 'alt', items: distinct.map((type) => this.#typed(flat, type, path)) };
  }

  // ---- references and combinations --------------------------------------------------------------

  /** A rule of its own, so that a schema may refer to itself. */
  #reference(ref: Json, path: string): Expr {
    const target = this.#resolve(ref, path);
    const pointer = typeof ref === 'string' ? ref : '#';
    const name = `ref ${pointer}`;
    if (!this.#rules.has(name)) {
      this.#rules.set(name, IMPOSSIBLE);
      this.#rules.set(name, this.value(target, pointer));
    }
    return rule(name);
  }

  #resolve(ref: Json, path: string): Schema {
    const refPath = at(path, '$ref');
    if (typeof ref !== 'string') return refuse(refPath, 'must be a string');
    if (ref !== '#' && !ref.startsWith('#/')) {
      refuse(refPath, `only references inside the schema are followed, not ${JSON.stringify(ref)}`);
    }
    let found: Json | undefined = this.#root;
    for (const step of ref.split('/').slice(1)) {
      const key = unescaped(step);
      found = isMap(found) ? found.get(key) : isList(found) ? found[Number(key)] : undefined;
    }
    return isSchema(found) ? found : refuse(refPath, `${JSON.stringify(ref)} leads to no schema`);
  }

  flat(schema: Schema, path: string): Schema {
    let flat: Schema = schema;
    for (let round = 0; isMap(flat) && (flat.has('$ref') || flat.has('allOf')); round++) {
      if (round > MAX_DEPTH) refuse(path, 'the schema refers to itself without end');
      const { $ref: ref, allOf } = Object.fromEntries(flat) as Record<string, Json | undefined>;
      const parts: readonly Schema[] = allOf === undefined ? [] : schemaListOf(flat, 'allOf', path);
      const rest: Schema = new Map(
        [...flat].filter(([name]) => name !== '$ref' && name !== 'allOf'),
      );
      const target = ref === undefined ? [] : [this.#resolve(ref, path)];
      flat = [...target, ...parts].reduce<Schema>(
        (merged, part) => mergeSchemas(merged, part, path),
        rest,
      );
      if (isMap(flat) && flat.size > MAX_SCHEMAS) refuse(path, 'the schema is too large');
    }
    return flat;
  }

  branches(schema: JsonMap, path: string): readonly (readonly [Schema, string])[] | null {
    const name = ['anyOf', 'oneOf'].find((one) => schema.has(one));
    if (name === undefined) return null;
    const rest: JsonMap = new Map([...schema].filter(([key]) => key !== name));
    const hasMore = assertionsOf(rest).length > 0;
    const branches = schemaListOf(schema, name, path);
    if (name === 'oneOf') this.#checkDisjoint(branches, at(path, name));
    return branches.map((branch, i) => {
      const branchPath = at(path, name, i);
      return [hasMore ? mergeSchemas(rest, branch, branchPath) : branch, branchPath];
    });
  }

  /** A value that two of them take would be wrong. */
  #checkDisjoint(branches: readonly Schema[], path: string): void {
    const flat = (schema: Schema): Schema => this.flat(schema, path);
    branches.forEach((one, i) => {
      const j = branches.findIndex((other, k) => k > i && !areDisjoint(one, other, flat));
      if (j >= 0) refuse(path, `schemas ${i} and ${j} may both match: anyOf says that either may`);
    });
  }

  // ---- values -----------------------------------------------------------------------------------

  constants(schema: JsonMap, path: string): readonly Json[] | null {
    if (!schema.has('const') && !schema.has('enum')) return null;
    const constant = schema.get('const');
    const list = constant === undefined ? schema.get('enum') : [constant];
    if (!isList(list) || list.length === 0)
      return refuse(at(path, 'enum'), 'must be a list of values');
    const other = Object.values(KEYWORDS_OF)
      .flat()
      .find((name) => schema.has(name));
    if (other !== undefined) refuse(at(path, other), 'cannot be held beside enum or const');
    const types = schema.has('type') ? typesOf(schema, path) : null;
    const inEnum = schema.get('enum');
    return list.filter(
      (value) =>
        (types?.some((type) => hasType(value, type)) ?? true) &&
        (constant === undefined || !isList(inEnum) || includes(inEnum, value)),
    );
  }

  #typed(schema: JsonMap, type: JsonType, path: string): Expr {
    switch (type) {
      case 'null':
        return text('null');
      case 'boolean':
        return { kind: 'alt', items: [text('true'), text('false')] };
      case 'integer':
      case 'number':
        return numberExpr(schema, type, path);
      case 'string':
        return stringExpr(schema, path, this.strings) ?? IMPOSSIBLE;
      case 'array':
        return arrayOf(schema, path, this);
      case 'object':
        return objectOf(schema, path, this);
    }
  }

  /** Any JSON at all. */
  #anything(): Expr {
    const name = 'any';
    if (!this.#rules.has(name)) {
      this.#rules.set(name, IMPOSSIBLE);
      this.#rules.set(name, this.#map(new Map(), '#'));
    }
    return rule(name);
  }
}

function includes(list: readonly Json[], value: Json): boolean {
  return list.some((other) => JSON.stringify(other) === JSON.stringify(value));
}

function unescaped(step: string): string {
  let plain = step;
  try {
    plain = decodeURIComponent(step);
  } catch {
    // Not an escape of a URI: the step is meant as it stands.
  }
  return plain.replaceAll('~1', '/').replaceAll('~0', '~');
}
