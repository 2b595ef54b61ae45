import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';

import { ChatTemplate } from '../../src/text/chat-template.js';
import { fromJson, parseJsonValue } from '../../src/text/jinja/json-value.js';
import { Dict, isList, type Value } from '../../src/text/jinja/values.js';

/** Templates of public models with what transformers made of them: not ours to keep in the repository. */
const DATA = ['../../../../', '../../../../../']
  .map((above) => new URL(`${above}shared/data/chat-templates.json`, import.meta.url))
  .find((url) => existsSync(url));

type Json = Readonly<Record<string, unknown>>;

interface Data {
  readonly special_tokens: Readonly<Record<string, string>>;
  readonly conversations: Readonly<Record<string, readonly Json[]>>;
  readonly templates: Readonly<
    Record<string, { template: string; with_generation_prompt: Readonly<Record<string, unknown>> }>
  >;
}

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

t.test('templates of public models', { skip: DATA === undefined ? 'no data' : false }, (t) => {
  const data = JSON.parse(readFileSync(DATA ?? '', 'utf8')) as Data;
  const tokens = new Map(Object.entries(data.special_tokens));
  let numEqual = 0;
  for (const [name, { template, with_generation_prompt }] of Object.entries(data.templates)) {
    const program = new ChatTemplate(template, tokens);
    for (const [key, expected] of Object.entries(with_generation_prompt)) {
      const messages = (data.conversations[key] ?? []).map(messageOf);
      const input = { messages, addGenerationPrompt: true, kwargs: new Dict() };
      if (typeof expected === 'string') t.equal(program.render(input), expected, `${name} ${key}`);
      else t.throws(() => program.render(input), { code: 'INVALID_REQUEST' }, `${name} ${key}`);
      numEqual++;
    }
  }
  t.equal(numEqual, 1092);
  t.end();
});
