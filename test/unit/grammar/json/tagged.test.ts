/** Arguments between tags: what a grammar takes is what the readers of calls make valid arguments of. */
import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import type { ArgumentTags, GrammarSpec } from '../../../../src/core/grammar.js';
import { joinBytes } from '../../../../src/core/vocabulary-bytes.js';
import { compileGrammar } from '../../../../src/grammar/compile.js';
import { Vocabulary } from '../../../../src/grammar/vocabulary.js';
import { TOOL_FORMATS } from '../../../../src/text/tools/registry.js';
import { randomSchema } from '../../../doubles/random-schema.js';
import { whyInvalid } from '../../../doubles/validator.js';
import { called } from '../../text/tools/called.js';

const NUM_SEEDS = 120;
const MAX_TOKENS = 400;
const SPACE = { pattern: null, isFixed: false };
const PARSERS = ['qwen3_coder', 'minimax-m2', 'glm45', 'step3'] as const;

interface Framed {
  readonly begin: string;
  readonly end: string;
  readonly tags: ArgumentTags;
}

function framed(parser: (typeof PARSERS)[number]): Framed {
  const { begin, end, tags } = TOOL_FORMATS[parser].frame?.('f') ?? { begin: '', end: '' };
  if (tags === undefined) throw new Error(`${parser} has no tags`);
  return { begin, end, tags };
}

function specOf({ begin, end, tags }: Framed, schema: object, isLenient = false): GrammarSpec {
  return {
    kind: 'structural',
    structures: [{ begin, schema: JSON.stringify(schema), isLenient, end, tags }],
    triggers: [begin],
    atLeastOne: true,
    stopAfterFirst: true,
  };
}

/** Single characters, and these texts. */
function vocabularyOf(texts: readonly string[]): Vocabulary {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  return new Vocabulary(joinBytes([...bytes, ...texts.map((text) => Buffer.from(text))], []));
}

/** An answer drawn from the masks alone; null = it did not end in time. */
function randomAnswer(spec: GrammarSpec, { tags }: Framed, draw: () => number): string | null {
  const vocabulary = vocabularyOf([tags.valueEnd, tags.open, '"', '}', ']', 'null', 'true']);
  const grammar = compileGrammar(spec, vocabulary, SPACE);
  const bytes: number[] = [];
  let config = grammar.start();
  for (let n = 0; n < MAX_TOKENS; n++) {
    if (config.isEnd) return Buffer.from(bytes).toString();
    const { words } = grammar.maskOf(config);
    const allowed = Array.from({ length: 263 }, (_, id) => id).filter(
      (id) => ((words[id >> 5] ?? 0) >>> (id & 31)) & 1,
    );
    // Characters beyond ASCII would be most of them.
    const plain = allowed.filter((id) => id >= 256 || (id >= 32 && id < 127));
    const marks = plain.filter((id) => id >= 256);
    const from = draw() < 0.3 && marks.length > 0 ? marks : plain.length > 0 ? plain : allowed;
    const token = from[Math.floor(draw() * from.length)] ?? -1;
    const next = grammar.accept(config, token);
    if (next === null) throw new Error('a dead end');
    bytes.push(...vocabulary.bytesOf(token));
    config = next;
  }
  return null;
}

t.test('random answers are read as arguments that validate', (t) => {
  for (const parser of PARSERS) {
    const frame = framed(parser);
    let numEnded = 0;
    for (let seed = 1; seed <= NUM_SEEDS; seed++) {
      const properties = { a: randomSchema(seed), b: randomSchema(1000 + seed) };
      const more = seed % 3 === 0 ? { additionalProperties: { type: 'integer' } } : {};
      const parameters = { type: 'object', properties, required: ['a'], ...more };
      // References within them mean their own root.
      if (JSON.stringify(parameters).includes('$ref')) continue;
      const text = randomAnswer(specOf(frame, parameters), frame, seededRandom(seed));
      // The text `null` is no text in some formats, as in SGLang.
      if (text === null || /null\s*<\//.test(text)) continue;
      numEnded++;
      const found = called(parser, [text], [{ name: 'f', parameters, strict: true }]);
      const [name, json = ''] = found.calls[0] ?? [];
      t.equal(name, 'f', text);
      t.equal(found.text, '', text);
      const why = whyInvalid(parameters, json);
      if (why !== null)
        t.fail(`${parser} ${seed}: ${why}: ${text} of ${JSON.stringify(parameters)}`);
    }
    t.ok(numEnded > 50, `${parser}: ${numEnded} answers ended`);
  }
  t.end();
});

const STRING = { type: 'string' };
const DEFINED = {
  $defs: { D: { type: 'object', properties: { v: { type: 'integer' } }, required: ['v'] } },
  type: 'object',
  properties: { d: { $ref: '#/$defs/D' } },
  required: ['d'],
};
const CHOICE = {
  anyOf: [
    { type: 'object', properties: { k: { const: 'x' } }, required: ['k'] },
    { type: 'object', properties: { m: { type: 'integer' } }, required: ['m'] },
  ],
};

/** Schema; bodies of a call of Qwen 3 Coder that it takes, with what they mean; and what it does not take. */
const BODIES: readonly (readonly [object, Readonly<Record<string, string>>, readonly string[]])[] =
  [
    [
      { type: 'object', properties: { s: STRING, n: { type: 'integer' } }, required: ['s'] },
      {
        '<parameter=s>\na <b> "c"\n</parameter>\n': '{"s": "a <b> \\"c\\""}',
        '<parameter=s>x</parameter><parameter=n>\n-4\n</parameter>\n': '{"s": "x", "n": -4}',
      },
      ['', '<parameter=n>1</parameter>', '<parameter=s>x</function>', '<parameter=x>1</parameter>'],
    ],
    [
      { type: 'object', properties: { s: STRING }, additionalProperties: { type: 'integer' } },
      { '': '{}', '<parameter=t>1</parameter>': '{"t": 1}' },
      ['<parameter=s>a</parameter><parameter=s>1</parameter>', '<parameter=t>a</parameter>'],
    ],
    [
      { type: 'object', properties: { l: { type: 'array', items: STRING }, s: STRING } },
      { '<parameter=l>["<b>\\"", "é"]</parameter>': '{"l": ["<b>\\"", "é"]}' },
      [
        '<parameter=l>["</parameter>"]</parameter>',
        '<parameter=l>["\n"]</parameter>',
        '<parameter=s><parameter=t></parameter>',
      ],
    ],
    [
      DEFINED,
      { '<parameter=d>\n{"v": 1}\n</parameter>\n': '{"d": {"v": 1}}' },
      ['<parameter=d>{}</parameter>'],
    ],
    [
      CHOICE,
      { '<parameter=k>x</parameter>': '{"k": "x"}', '<parameter=m>1</parameter>': '{"m": 1}' },
      ['<parameter=k>1</parameter>', ''],
    ],
  ];

t.test('what is taken, and what it means', (t) => {
  const frame = framed('qwen3_coder');
  for (const [parameters, taken, refused] of BODIES) {
    const takes = (body: string): boolean => {
      const grammar = compileGrammar(specOf(frame, parameters), vocabularyOf([]), SPACE);
      let config: ReturnType<typeof grammar.start> | null = grammar.start();
      for (const byte of Buffer.from(frame.begin + body + frame.end)) {
        if (config !== null) config = grammar.accept(config, byte);
      }
      return config?.isEnd ?? false;
    };
    for (const [body, meaning] of Object.entries(taken)) {
      t.ok(takes(body), body);
      const text = frame.begin + body + frame.end;
      const { calls } = called('qwen3_coder', [text], [{ name: 'f', parameters, strict: true }]);
      t.strictSame(calls, [['f', meaning]]);
    }
    for (const body of refused) t.notOk(takes(body), body);
  }
  t.end();
});

t.test('what cannot be held', (t) => {
  const frame = framed('glm45');
  const schema = { type: 'object', patternProperties: { '^a': {} } };
  t.throws(() => compileGrammar(specOf(frame, schema), vocabularyOf([]), SPACE), {
    message: /^#\/patternProperties: cannot be held between tags/,
  });
  t.ok(compileGrammar(specOf(frame, schema, true), vocabularyOf([]), SPACE));
  t.end();
});
