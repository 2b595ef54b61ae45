/** Digits of tool arguments and template variables, from the bytes of a request to the prompt. */
import t from 'tap';

import type { ReqInput } from '../../../../src/messages.js';
import { ChatTemplate } from '../../../../src/text/chat-template.js';
import { OPCODE, openWs } from '../../../doubles/ws-client.js';
import { startApp, type TestApp } from '../test-app.js';
import { idsOf, tinyTokenizer } from '../tiny-tokenizer.js';
import { answering } from './openai-app.js';

const TEMPLATE =
  '{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments|tojson }}' +
  '{% endfor %}{% endfor %};{{ x }}';
const ARGUMENTS = '{"id":1234567890123456789012,"b":1.0,"a":1e-7,"10":1.10,"2":-0.0}';
const PRINTED = '{"id": 1234567890123456789012, "b": 1.0, "a": 1e-07, "10": 1.1, "2": -0.0}';
const VARIABLE = '{"9":12345678901234567890,"1":2.50,"f":1E2}';
const SHOWN = "{'9': 12345678901234567890, '1': 2.5, 'f': 100.0}";

/** A body as its bytes are sent: nothing here may go through `JSON.stringify`. */
function bodyOf(given: string): string {
  const call = `{"id":"c","type":"function","function":{"name":"f","arguments":${given}}}`;
  return (
    `{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"","tool_calls":[${call}]},` +
    `{"role":"user","content":"v"}],"max_tokens":4,"chat_template_kwargs":{"x":${VARIABLE}}}`
  );
}

async function open(t: Tap): Promise<{ app: TestApp; seen: ReqInput[] }> {
  const app = await startApp(
    {},
    { tokenizer: tinyTokenizer(), chatTemplate: new ChatTemplate(TEMPLATE, new Map()) },
  );
  t.teardown(() => {
    app.app.close();
  });
  return { app, seen: answering(app, 'abc') };
}

interface Tap {
  teardown(fn: () => void): void;
}

const EXPECTED = idsOf(`${PRINTED};${SHOWN}`);
/** Arguments as an object, and as the text of one. */
const GIVEN = [ARGUMENTS, JSON.stringify(ARGUMENTS)];

t.test('over HTTP', async (t) => {
  const { app, seen } = await open(t);
  for (const given of GIVEN) {
    const response = await fetch(`${app.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bodyOf(given),
    });
    t.equal(response.status, 200, await response.text());
    t.strictSame([...(seen.at(-1)?.inputIds ?? [])], EXPECTED);
  }
});

t.test('over a WebSocket', async (t) => {
  const { app, seen } = await open(t);
  const client = await openWs(app.url);
  for (const [i, given] of GIVEN.entries()) {
    client.sendFrame(OPCODE.text, Buffer.from(`{"op":"chat","id":${i},"body":${bodyOf(given)}}`));
    t.match(await client.next(), { id: i, event: 'done' });
    t.strictSame([...(seen.at(-1)?.inputIds ?? [])], EXPECTED);
  }
});

t.test('a body beyond a million values is refused before it is rendered', async (t) => {
  const { app } = await open(t);
  const values = `[${'1,'.repeat(1_000_001)}1]`;
  const response = await fetch(`${app.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"messages":[{"role":"user","content":"u"}],"chat_template_kwargs":{"x":${values}}}`,
  });
  t.equal(response.status, 400);
  t.match(await response.text(), /The request body cannot be read: More than 1000000 values/);
});
