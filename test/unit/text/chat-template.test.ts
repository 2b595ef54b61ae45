import { readFileSync } from 'node:fs';
import t from 'tap';

import { RequestError } from '../../../src/core/errors.js';
import { ChatTemplate, type TemplateMessage } from '../../../src/text/chat-template.js';

const FOLDER = new URL('../../../../test/fixtures/chat-templates/', import.meta.url);
const TOKENS = { bos_token: '<s>', eos_token: '</s>' };
const HI: readonly TemplateMessage[] = [{ role: 'user', content: 'hi' }];

interface Case {
  readonly template: string;
  readonly messages: readonly TemplateMessage[];
  readonly prompt: boolean;
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

type Golden = { readonly text: string } | { readonly error: string };

const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const load = (name: string): ChatTemplate => new ChatTemplate(read(`${name}.jinja`), TOKENS);

function outcome(template: ChatTemplate, kwargs: Readonly<Record<string, unknown>> = {}): string {
  try {
    return template.render({ messages: HI, addGenerationPrompt: true, kwargs });
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
      load(template).render({ messages, addGenerationPrompt: prompt, kwargs: kwargs ?? {} });
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
  t.equal(new ChatTemplate(alias, {}).contentFormat, 'openai');
  t.end();
});

t.test('a template that runs away is stopped', (t) => {
  const stopped: [string, string, RegExp][] = [
    [
      'nested loops',
      '{% for a in range(900) %}{% for b in range(900) %}{{ b }}{% endfor %}{% endfor %}',
      /takes too long/,
    ],
    ['a huge range', '{% for a in range(99999999999) %}x{% endfor %}', /takes too long/],
    ['a range without end', '{{ range(0, 1, 0) }}', /must not be zero/],
    ['a range of a text', "{{ range('a') }}", /takes too long/],
    [
      'text that doubles',
      "{% set ns = namespace(x='0123456789') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      /too much text/,
    ],
    ['endless recursion', '{% macro f(f) %}{{ f(f) }}{% endmacro %}{{ f(f) }}', /nests too deep/],
  ];
  for (const [name, source, message] of stopped) {
    const limits = { maxSteps: 20_000, maxChars: 1 << 20, maxItems: 100_000, maxMs: 5000 };
    const text = outcome(new ChatTemplate(source, TOKENS, limits));
    t.match(text, /^400 /, name);
    t.match(text, message, name);
  }
  t.end();
});

t.test('the clock stops what counting does not', (t) => {
  const source = '{% for a in range(9000) %}{{ a }}{% endfor %}';
  const limits = { maxSteps: 1e9, maxChars: 1 << 20, maxItems: 100_000, maxMs: -1 };
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

t.test('dates are written as C writes them', (t) => {
  const source = "{{ strftime_now('%d %b %Y|%-d|%H:%M:%S|%A %B %p %%') }}";
  t.match(
    outcome(new ChatTemplate(source, {})),
    /^\d\d [A-Z][a-z]{2} \d{4}\|[1-9]\d?\|\d\d:\d\d:\d\d\|[A-Z][a-z]+day [A-Z][a-z]+ [AP]M %$/,
  );
  t.end();
});

t.test('a template that does not parse says so when it is made', (t) => {
  t.throws(() => new ChatTemplate('{% if %}', {}), Error);
  t.throws(() => new ChatTemplate('{% for a in b %}', {}), Error);
  t.end();
});
