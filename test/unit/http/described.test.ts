import t from 'tap';

import { dictField } from '../../../src/api/dict-field.js';
import { checkNeeded, describe, describeAlike, describeAs } from '../../../src/http/described.js';
import { field } from '../../../src/http/fields.js';
import { FieldReader } from '../../../src/http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../../src/http/json.js';
import {
  fieldSchema,
  named,
  namedSchemas,
  nested,
  shape,
  variants,
} from '../../../src/http/shapes.js';
import { fromJson } from '../../../src/text/jinja/json-value.js';
import { Dict, type Value } from '../../../src/text/jinja/values.js';

const PARTS = variants('type', {
  text: shape({ text: field.string('The text.') }, ['text']),
  image: shape({ url: field.string('Where it is.') }),
});
const BODY = shape(
  {
    n: field.integer('How many.'),
    parts: nested.textOrList('What is said.', PARTS),
    settings: nested.object('How.', shape({ loud: field.boolean('Louder.') })),
  },
  ['parts'],
);

const BODIES = {
  parts: [{ type: 'text', text: 'a' }, { type: 'image' }, { type: 'other' }, 5],
  settings: { loud: true },
};

t.test('what no description has is not read, however deep it stands', (t) => {
  const body: JsonObject = describeAs({ ...BODIES }, BODY);
  const [text, image, other] = fieldOf(body, 'parts') as [JsonObject, JsonObject, JsonObject];
  t.equal(fieldOf(text, 'text'), 'a');
  t.throws(() => fieldOf(text, 'url'), /no description has 'url'/);
  t.equal(fieldOf(image, 'url'), null);
  t.throws(() => fieldOf(image, 'text'), /no description has 'text'/);
  t.equal(fieldOf(other, 'type'), 'other');
  t.throws(() => fieldOf(other, 'text'), /no description has 'text'/, 'one of none of the shapes');
  const settings = fieldOf(body, 'settings');
  if (!isObject(settings)) throw new Error('no settings');
  t.throws(() => new FieldReader(settings, 'INVALID_JSON').string('loud'), /as boolean and read/);
  t.throws(() => fieldOf(settings, 'soft'), /no description has 'soft'/);
  t.equal(fieldOf({ any: 1 }, 'any'), 1, 'nothing is said of other objects');
  t.end();
});

t.test('the same of a body that is read without loss', (t) => {
  const body = describeAs({ ...BODIES }, BODY);
  const dict = fromJson(body);
  if (!(dict instanceof Dict)) throw new Error('no dict');
  describeAlike(dict, body);
  const [text] = dictField(dict, 'parts') as readonly Value[];
  if (!(text instanceof Dict)) throw new Error('no part');
  t.equal(dictField(text, 'text', 'string'), 'a');
  t.throws(() => dictField(text, 'text', 'integer'), /described as string and read as integer/);
  t.throws(() => dictField(text, 'url'), /no description has 'url'/);
  t.throws(() => dictField(dict, 'toString'), /no description has 'toString'/);
  t.end();
});

t.test('what is refused where it is left out must be required', (t) => {
  const body = describeAs({ ...BODIES }, BODY);
  checkNeeded(body, 'parts');
  t.throws(() => {
    checkNeeded(body, 'n');
  }, /'n' is refused where it is left out, and no description says so/);
  checkNeeded(describe({}, BODY.fields), 'n');
  const [text] = fieldOf(body, 'parts') as [JsonObject];
  checkNeeded(text, 'type');
  t.throws(() => {
    checkNeeded(text, 'url');
  }, /no description says so/);
  t.end();
});

t.test('what has a name stands in one place', (t) => {
  const inner = named('Inner', shape({ n: field.integer('How many.') }));
  const outer = named(
    'Outer',
    variants('type', { one: shape({ inner: nested.list('…', inner) }) }),
  );
  const fields = { a: nested.object('…', outer), b: nested.list('…', inner) };
  t.match(fields.a.schema, { $ref: '#/components/schemas/Outer' });
  t.match(fields.b.schema, { type: 'array', items: { $ref: '#/components/schemas/Inner' } });
  const found = namedSchemas(fields);
  t.strictSame(Object.keys(found).sort(), ['Inner', 'Outer']);
  t.match(found, {
    Inner: { type: 'object', properties: { n: {} } },
    Outer: { anyOf: [{ required: ['type'] }] },
  });
  t.end();
});

t.test('the schema says the same', (t) => {
  const about = 'Which of them it is.';
  const text = {
    type: 'object',
    properties: {
      type: { type: 'string', const: 'text', description: about },
      text: { type: 'string', description: 'The text.' },
    },
    required: ['type', 'text'],
  };
  const image = {
    type: 'object',
    properties: {
      type: { type: 'string', const: 'image', description: about },
      url: { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'Where it is.' },
    },
    required: ['type'],
  };
  t.strictSame(fieldSchema(BODY.fields['parts'] ?? field.raw(''), true), {
    anyOf: [{ type: 'string' }, { type: 'array', items: { anyOf: [text, image] } }],
    description: 'What is said.',
  });
  const words = nested.wordOrObject(['auto'], 'How.', shape({}));
  const object = { type: 'object', properties: {} };
  t.strictSame(words.schema, { anyOf: [{ enum: ['auto'] }, object] });
  t.strictSame(field.refused('No.', ['free']).schema, {
    anyOf: [{ enum: [false, '', 'free'] }, { type: 'array', maxItems: 0 }],
  });
  t.end();
});
