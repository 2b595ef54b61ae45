import { readFileSync } from 'node:fs';
import t from 'tap';

import { RequestError } from '../../../src/core/errors.js';
import { ChatTemplate } from '../../../src/text/chat-template.js';
import { fromJson } from '../../../src/text/jinja/json-value.js';
import { Dict } from '../../../src/text/jinja/values.js';

const FOLDER = new URL('../../../../test/fixtures/chat-templates/', import.meta.url);
type Json = Readonly<Record<string, unknown>>;

const NONE = new Map<string, string>();
const TOKENS = new Map([
  ['bos_token', '<s>'],
  ['eos_token', '</s>'],
]);
const HI: readonly Json[] = [{ role: 'user', content: 'hi' }];

const dictOf = (json: Json): Dict => {
  const value = fromJson(json);
  return value instanceof Dict ? value : new Dict();
};

interface Case {
  readonly template: string;
  readonly messages: readonly Json[];
  readonly prompt: boolean;
  readonly kwargs?: Json;
}

type Golden = { readonly text: string } | { readonly error: string };

const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const load = (name: string): ChatTemplate => new ChatTemplate(read(`${name}.jinja`), TOKENS);

function outcome(template: ChatTemplate, kwargs: Json = {}): string {
  try {
    return template.render({
      messages: HI.map(dictOf),
      addGenerationPrompt: true,
      kwargs: dictOf(kwargs),
    });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return `400 ${error.message}`;
  }
}

t.test('prompts are those of transformers', (t) => {
  const cases = JSON.parse(read('cases.json')) as Case[];
  const goldens = JSON.parse(read('goldens.json')) as Golden[];
  t.equal(cases.length, goldens.length);
  for (const [i, { template, messages, prompt, kwargs }] of cases.entries()) {
    const golden = goldens[i];
    const render = (): string =>
      load(template).render({
        messages: messages.map(dictOf),
        addGenerationPrompt: prompt,
        kwargs: dictOf(kwargs ?? {}),
      });
    if (golden !== undefined && 'text' in golden) t.equal(render(), golden.text, `case ${i}`);
    else t.throws(render, { code: 'INVALID_REQUEST', message: golden?.error }, `case ${i}`);
  }
  t.end();
});

t.test('templates that walk the parts of a content get parts', (t) => {
  t.equal(load('chatml').contentFormat, 'string');
  t.equal(load('header-ids').contentFormat, 'string');
  t.equal(load('thinking').contentFormat, 'string');
  t.equal(load('parts').contentFormat, 'openai');
  const alias =
    '{% for m in messages %}{% set c = m.content %}{% for p in c %}{{ p.text }}{% endfor %}{% endfor %}';
  // SGLang's detection follows no aliases and knows three names of a message.
  t.equal(new ChatTemplate(alias, NONE).contentFormat, 'string');
  for (const [loop, format] of [
    ['for p in m["content"]', 'openai'],
    ['for p in msg.content | list', 'openai'],
    ['for p in message.content[1:]', 'openai'],
    ['for p in one.content', 'string'],
    ['for p in messages[0].content', 'string'],
    ['for image in x', 'openai'],
  ] as const) {
    t.equal(new ChatTemplate(`{% ${loop} %}{% endfor %}`, NONE).contentFormat, format, loop);
  }
  t.end();
});

t.test('a template that runs away is stopped', (t) => {
  const stopped: [string, string, RegExp][] = [
    [
      'nested loops',
      '{% for a in range(900) %}{% for b in range(900) %}{{ b }}{% endfor %}{% endfor %}',
      /takes too long/,
    ],
    ['a huge range', '{% for a in range(99999999999) %}x{% endfor %}', /Range too big/],
    [
      'text that doubles',
      "{% set ns = namespace(x='0123456789') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      /too much text/,
    ],
    ['endless recursion', '{% macro f(f) %}{{ f(f) }}{% endmacro %}{{ f(f) }}', /nests too deep/],
  ];
  for (const [name, source, message] of stopped) {
    const limits = { maxSteps: 200_000, maxChars: 1 << 20, maxMs: 5000 };
    const text = outcome(new ChatTemplate(source, TOKENS, limits));
    t.match(text, /^400 /, name);
    t.match(text, message, name);
  }
  t.end();
});

t.test('the clock stops what counting does not', (t) => {
  const source = '{% for a in range(9000) %}{{ a }}{% endfor %}';
  const limits = { maxSteps: 1e9, maxChars: 1 << 20, maxMs: -1 };
  t.match(outcome(new ChatTemplate(source, TOKENS, limits)), /^400 .*takes too long/);
  t.end();
});

t.test('a request sets variables, but none that the prompt is made of', (t) => {
  const template = new ChatTemplate(
    '{{ style }}{% for m in messages %}{{ m.content }}{% endfor %}',
    TOKENS,
  );
  t.equal(outcome(template, { style: 'short: ' }), 'short: hi');
  const refused = ['messages', 'tools', 'add_generation_prompt', 'chat_template', 'bos_token'];
  for (const name of [...refused, 'raise_exception', 'range', 'namespace', '_x', 'a b', '']) {
    t.equal(outcome(template, { [name]: 1 }), `400 chat_template_kwargs may not set '${name}'.`);
  }
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i]));
  t.match(outcome(template, many), /^400 .*at most 64/);
  t.end();
});

t.test('a template that does not parse says so when it is made', (t) => {
  t.throws(() => new ChatTemplate('{% if %}', NONE), Error);
  t.throws(() => new ChatTemplate('{% for a in b %}', NONE), Error);
  t.end();
});
