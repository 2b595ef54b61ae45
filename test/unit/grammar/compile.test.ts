/** What texts a grammar takes and what it refuses, as a table. */
import t from 'tap';
import type { GrammarSpec } from '../../../src/core/grammar.js';
import { compileGrammar, type JsonSpace } from '../../../src/grammar/compile.js';
import { Vocabulary } from '../../../src/grammar/vocabulary.js';
import { joinBytes } from '../../../src/core/vocabulary-bytes.js';

/** One token per byte. */
const bytes = new Vocabulary(
  joinBytes(
    Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    [],
  ),
);
const SPACE: JsonSpace = { pattern: null, isFixed: false };

function takes(spec: GrammarSpec, text: string, space = SPACE): boolean {
  const grammar = compileGrammar(spec, bytes, space);
  let config: ReturnType<typeof grammar.start> | null = grammar.start();
  for (const byte of Buffer.from(text)) {
    if (config === null) return false;
    // The mask and the step must say the same.
    const isAllowed: number = ((grammar.maskOf(config).words[byte >> 5] ?? 0) >>> (byte & 31)) & 1;
    const next = grammar.accept(config, byte);
    t.equal(next !== null, isAllowed === 1);
    config = next;
  }
  return config?.isEnd ?? false;
}

const json = (schema: unknown): GrammarSpec => ({ kind: 'json', schema: JSON.stringify(schema) });
const regex = (pattern: string): GrammarSpec => ({ kind: 'regex', pattern });
const ebnf = (text: string): GrammarSpec => ({ kind: 'ebnf', text });
const obj = (properties: object, rest: object = {}) => ({ type: 'object', properties, ...rest });

/** Grammar, texts that it takes, texts that it does not. */
const LANGUAGES: readonly (readonly [GrammarSpec, readonly string[], readonly string[]])[] = [
  [regex('a|bc?'), ['a', 'b', 'bc'], ['', 'ab', 'c']],
  [regex('^(?:ab)+$|^x$'), ['ab', 'abab', 'x'], ['aab', 'xx']],
  [regex('[^a\\n]{2,3}?'), ['éé', 'bbb'], ['a', 'b', 'bbbb', 'ba']],
  [regex('\\d+\\.\\d{2}'), ['12.50'], ['12.5', '.50', '1２.50']],
  [regex('\\x41\\u0042\\t'), ['AB\t'], ['AB']],
  [regex('(?P<n>a)(?<m>b)'), ['ab'], ['a']],
  [regex('😀+'), ['😀😀'], ['😁']],
  [ebnf('root ::= "a" b* # comment\nb ::= "x" | "y"{2}'), ['a', 'axyy'], ['ay', 'ab']],
  [ebnf('root ::= root "+" n | n\nn ::= [0-9]+'), ['1', '1+23+4'], ['+1', '1+']],
  [ebnf('root ::= "(" root ")" | ""'), ['', '(())'], ['(', '())']],
  [ebnf("root ::= 'it''s' | [^\\]a]"), ['it' + 's', 'b'], [']', 'a']],
  [json(true), ['1', '"a"', '[null, {"a": 1.5e3}]', '{ }'], ['', '01', '{a:1}', '[1,]']],
  [
    json({ type: 'integer', minimum: -3, maximum: 12 }),
    ['-3', '0', '12'],
    ['-4', '13', '1.0', '-0'],
  ],
  [
    json({ type: 'integer', exclusiveMinimum: 99, maximum: 1000 }),
    ['100', '999', '1000'],
    ['99', '1001'],
  ],
  [
    json({ type: 'number', minimum: 0.5, exclusiveMaximum: 2 }),
    ['0.5', '0.75', '1', '1.99'],
    ['0.4', '2', '2.0', '0'],
  ],
  [json({ type: 'number', maximum: -1.25 }), ['-1.25', '-2', '-10.5'], ['-1', '-1.2', '0']],
  [
    json({ type: 'string', minLength: 1, maxLength: 2 }),
    ['"a"', '"é\\n"', '"\\u00e9b"'],
    ['""', '"abc"', '"\\ud800"'],
  ],
  [json({ type: 'string', pattern: '"x' }), ['"\\"x"', '"a\\"xb"'], ['"x"']],
  [json({ type: 'string', pattern: '^[a-c]+$', maxLength: 2 }), ['"ab"'], ['"abc"', '"d"']],
  [json({ type: 'string', format: 'date' }), ['"2024-02-28"'], ['"2024-02-30"', '"2024-13-01"']],
  [json({ enum: ['a', 1, [true]] }), ['"a"', '1', '[true]', '[ true ]'], ['"b"', 'true']],
  [json({ const: { a: [1] } }), ['{"a": [1]}', '{ "a":[ 1 ] }'], ['{}', '{"a":[1],"b":1}']],
  [
    json(obj({ a: { type: 'null' }, b: true }, { required: ['b'] })),
    ['{"a": null, "b": 1}', '{"b":2}'],
    ['{"a": null}', '{"b":1,"a":null}', '{"b":1,"c":1}', '{"b":1 ,  "a":null}'],
  ],
  [
    json(obj({ a: { const: 1 } }, { additionalProperties: { const: 2 } })),
    ['{}', '{"a":1}', '{"a":1,"b":2,"c":2}', '{"ab":2}'],
    ['{"a":2}', '{"b":1}'],
  ],
  [
    json({
      type: 'object',
      patternProperties: { '^x\\d$': { type: 'null' } },
      additionalProperties: false,
    }),
    ['{}', '{"x1":null,"x2":null}'],
    ['{"y":null}', '{"x":null}'],
  ],
  [
    json({ type: 'object', propertyNames: { maxLength: 1 }, maxProperties: 1 }),
    ['{}', '{"a":[]}'],
    ['{"ab":1}', '{"a":1,"b":1}'],
  ],
  [
    json({ type: 'array', items: { const: 0 }, minItems: 1, maxItems: 2 }),
    ['[0]', '[0, 0]'],
    ['[]', '[0,0,0]'],
  ],
  [
    json({ type: 'array', prefixItems: [{ const: 1 }, { const: 2 }], items: { const: 3 } }),
    ['[]', '[1]', '[1,2,3,3]'],
    ['[2]', '[1,3]'],
  ],
  [
    json({ oneOf: [{ type: 'integer' }, { type: 'string', maxLength: 0 }] }),
    ['7', '""'],
    ['"a"', 'null'],
  ],
  [json({ allOf: [{ type: 'integer', minimum: 3 }, { maximum: 4 }] }), ['3', '4'], ['2', '5']],
  [
    json({ $ref: '#/$defs/t', $defs: { t: { type: 'array', items: { $ref: '#/$defs/t' } } } }),
    ['[]', '[[], [[]]]'],
    ['[1]'],
  ],
  [json({ type: ['null', 'boolean'] }), ['null', 'true'], ['0']],
];

t.test('takes and refuses', (t) => {
  for (const [spec, good, bad] of LANGUAGES) {
    for (const text of good) t.ok(takes(spec, text), `${JSON.stringify(spec)} takes ${text}`);
    for (const text of bad) t.notOk(takes(spec, text), `${JSON.stringify(spec)} refuses ${text}`);
  }
  t.end();
});

t.test('white space as the server is told', (t) => {
  const pair = json({ const: { a: [1, 2] } });
  const fixed = { pattern: null, isFixed: true };
  t.ok(takes(pair, '{"a": [1, 2]}', fixed));
  t.notOk(takes(pair, '{"a":[1,2]}', fixed));
  t.ok(takes(pair, '{\n"a":[1,\n\n2]}', { pattern: '\\n*', isFixed: false }));
  t.end();
});

t.test('structures in free text, and nothing but structures', (t) => {
  const structures = [{ begin: '<f>', schema: '{"const": 1}', end: '</f>' }];
  const spec = {
    kind: 'structural',
    structures,
    triggers: ['<f'],
    atLeastOne: false,
    stopAfterFirst: false,
  } as const;
  for (const text of ['', 'free < text', 'a<f>1</f>b<f>1</f>']) t.ok(takes(spec, text), text);
  for (const text of ['a<f>2', '<f>1', 'x<fa']) t.notOk(takes(spec, text), text);
  const only = { ...spec, atLeastOne: true };
  for (const text of ['<f>1</f>', '<f>1</f>\n<f>1</f>']) t.ok(takes(only, text), text);
  for (const text of ['', 'a<f>1</f>']) t.notOk(takes(only, text), text);
  t.notOk(takes({ ...only, stopAfterFirst: true }, '<f>1</f><f>1</f>'));
  t.end();
});

/** A schema, and the place and reason of its refusal. */
const REFUSED: readonly (readonly [unknown, RegExp])[] = [
  [{ properties: { a: { not: {} } } }, /^#\/properties\/a\/not: the keyword "not"/],
  [{ type: 'array', uniqueItems: true }, /^#\/uniqueItems/],
  [{ type: 'integer', multipleOf: 5 }, /^#\/multipleOf/],
  [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, /^#\/oneOf: schemas 0 and 1/],
  [{ type: 'string', format: 'iri' }, /^#\/format: the format "iri"/],
  [{ type: 'string', pattern: '(?=a)' }, /^#\/pattern: look-arounds/],
  [{ type: 'string', pattern: 'a|bc', maxLength: 1 }, /^#\/pattern: a length/],
  [{ type: 'text' }, /^#\/type: "text" is not a type/],
  [{ minLength: -1 }, /^#\/minLength/],
  [{ $ref: '#/$defs/none' }, /leads to no schema/],
  [{ type: 'object', required: ['a'], properties: { a: false } }, /matches no text/],
  [{ $defs: { a: { $ref: '#/$defs/a', minLength: 1 } }, $ref: '#/$defs/a' }, /without end/],
  [{ 'a/b~': 1, properties: { 'a/b~': { if: true } } }, /^#\/properties\/a~1b~0\/if/],
];

t.test('what cannot be held is refused with its place', (t) => {
  for (const [schema, why] of REFUSED) {
    t.throws(() => compileGrammar(json(schema), bytes, SPACE), {
      name: 'GrammarError',
      message: why,
    });
  }
  t.end();
});
