/** Random JSON schemas of what a grammar can hold; the same ones for a seed. */
import { seededRandom } from '../../src/core/clock.js';

type Schema = Record<string, unknown>;

export function randomSchema(seed: number): Schema {
  return new SchemaDice(seededRandom(seed)).schema(0);
}

const NAMES = ['name', 'age', 'a', 'ab', 'x y', 'é', '2', '10', 'q"t', 'id'];
const PATTERNS = ['^[a-z]{1,4}$', '^[A-Z][a-z]*-\\d$', 'ab|cd', '^\\w+$', '^(?:x|yz){1,3}$'];
const FORMATS = ['date', 'time', 'date-time', 'email', 'ipv4', 'uuid', 'hostname', 'uri'];
const VALUES: readonly unknown[] = [
  'red',
  '',
  'a b',
  0,
  -1,
  2.5,
  true,
  false,
  null,
  [1, 'x'],
  { k: [] },
];

class SchemaDice {
  readonly #draw: () => number;

  constructor(draw: () => number) {
    this.#draw = draw;
  }

  schema(depth: number): Schema {
    const makes = [
      () => this.#string(),
      () => this.#number(),
      () => ({ type: this.#pick(['boolean', 'null']) }),
      () => ({ enum: VALUES.filter(() => this.#chance(0.4)).concat(['last']) }),
      () => ({ const: this.#pick(VALUES) }),
    ];
    if (depth < 3) {
      makes.push(
        () => this.#object(depth),
        () => this.#object(depth),
        () => this.#array(depth),
        () => ({ anyOf: [this.schema(depth + 1), this.schema(depth + 1)] }),
        () => ({
          oneOf: [
            { type: 'string', maxLength: 4 },
            { type: 'integer', minimum: 3 },
          ],
        }),
        () => this.#merged(depth),
        () => this.#recursive(),
      );
    }
    return this.#pick(makes)();
  }

  #string(): Schema {
    const kind = this.#below(4);
    if (kind === 0) return { type: 'string', pattern: this.#pick(PATTERNS) };
    if (kind === 1) return { type: 'string', format: this.#pick(FORMATS) };
    const minLength = this.#below(4);
    if (kind === 2) return { type: 'string', minLength, maxLength: minLength + this.#below(8) };
    return { type: 'string', maxLength: 12 };
  }

  #number(): Schema {
    const type = this.#pick(['integer', 'number']);
    if (this.#chance(0.3)) return { type };
    const low = this.#below(400) - 200 + (type === 'number' && this.#chance(0.5) ? 0.25 : 0);
    const high = low + 1 + this.#below(2000);
    const lower = this.#chance(0.5) ? { minimum: low } : { exclusiveMinimum: low };
    const upper = this.#chance(0.5) ? { maximum: high } : { exclusiveMaximum: high + 0.5 };
    return { type, ...(this.#chance(0.8) ? lower : {}), ...(this.#chance(0.8) ? upper : {}) };
  }

  #object(depth: number): Schema {
    const names = NAMES.filter(() => this.#chance(0.35));
    const properties = Object.fromEntries(names.map((name) => [name, this.schema(depth + 1)]));
    const required = names.filter(() => this.#chance(0.6));
    const kind = this.#below(5);
    if (kind === 0) return { type: 'object', maxProperties: 3 };
    if (kind === 1) {
      return {
        type: 'object',
        additionalProperties: this.schema(depth + 1),
        maxProperties: 2,
        minProperties: 1,
      };
    }
    if (kind === 2) {
      return {
        type: 'object',
        patternProperties: { '^k[0-9]$': this.schema(depth + 1) },
        additionalProperties: false,
      };
    }
    const more = kind === 3 ? { additionalProperties: { type: 'integer' } } : {};
    return { type: 'object', properties, required, ...more };
  }

  #array(depth: number): Schema {
    const minItems = this.#below(3);
    const maxItems = minItems + this.#below(3);
    if (this.#chance(0.3)) {
      return {
        type: 'array',
        prefixItems: [this.schema(depth + 1), { type: 'boolean' }],
        items: false,
        minItems: Math.min(2, minItems),
      };
    }
    return { type: 'array', items: this.schema(depth + 1), minItems, maxItems };
  }

  #merged(depth: number): Schema {
    return {
      type: 'object',
      properties: { a: { type: 'integer', minimum: 0 }, b: this.schema(depth + 1) },
      allOf: [
        { properties: { a: { maximum: 9 } }, required: ['a'] },
        { anyOf: [{ required: ['b'] }, { properties: { c: { type: 'null' } }, required: ['c'] }] },
      ],
    };
  }

  #recursive(): Schema {
    return {
      $defs: {
        tree: {
          type: 'object',
          properties: {
            v: { type: 'integer', minimum: 0, maximum: 9 },
            next: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/tree' }] },
          },
          required: ['v'],
        },
      },
      type: 'array',
      maxItems: 2,
      items: { type: 'string', maxLength: 3 },
    };
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  #below(n: number): number {
    return Math.floor(this.#draw() * n);
  }

  #chance(p: number): boolean {
    return this.#draw() < p;
  }
}
