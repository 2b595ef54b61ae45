import { Readable } from 'node:stream';

import t from 'tap';

import { COMMANDS } from '../../../../src/cli/commands.js';
import { parseCommandLine } from '../../../../src/cli/program.js';
import {
  events,
  json,
  ONE_MODEL,
  saying,
  scriptedServer,
  usage,
  type Answer,
} from '../../../doubles/openai-server.js';
import { Written } from '../../../doubles/written.js';

async function run(flags: readonly string[], piped = '', env: Record<string, string> = {}) {
  const line = parseCommandLine(['run', ...flags], { commands: COMMANDS, version: '1', env });
  if (line.kind === 'exit') throw new Error(line.text);
  const out = new Written();
  const err = new Written();
  const surroundings = { version: '1', out, err, input: Readable.from([piped]) };
  const code = await line.command.run(line.invocation, surroundings);
  return { code, out: out.text, err: err.text };
}

async function asking(
  flags: readonly string[],
  answers: Readonly<Record<string, Answer>> = {},
  env: Record<string, string> = {},
) {
  const server = await scriptedServer({
    'GET /v1/models': ONE_MODEL,
    'POST /v1/chat/completions': saying('It is.'),
    'POST /v1/completions': events(
      { choices: [{ text: ' so.', finish_reason: 'stop' }] },
      usage(1, 1),
    ),
    ...answers,
  });
  t.teardown(() => server.close());
  const result = await run(['--url', `${server.url}/v1`, ...flags], '', env);
  return { ...result, last: server.received.at(-1) };
}

t.test('a prompt is answered, with what was asked for', async (t) => {
  const schema = `${t.testdir({ 's.json': '{"type":"object"}', 'l.json': '[]' })}/s.json`;
  const { code, out, err, last } = await asking(
    [
      'Is',
      'it?',
      '--system',
      'Be brief.',
      '--temperature',
      '0',
      '--schema',
      schema,
      '--model',
      'big',
    ],
    {},
    { RADISH_API_KEY: 'k' },
  );
  t.strictSame({ code, out, err }, { code: 0, out: 'It is.\n', err: '' });
  if (last === undefined) throw new Error('nothing was asked');
  t.equal(last.headers.authorization, 'Bearer k');
  t.match(last.body, {
    model: 'big',
    temperature: 0,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Is it?' },
    ],
    response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
  });
  const object = await asking(['x', '--json', '--api-key', 'mine'], {}, { RADISH_API_KEY: 'k' });
  t.match(object.last, {
    body: { response_format: { type: 'json_object' } },
    headers: { authorization: 'Bearer mine' },
  });
  const raw = await asking(['And', '--raw', '--stats']);
  t.match(raw, { out: ' so.\n', err: /^1 token, .*1 prompt tokens/ });
  t.match(raw.last, { path: '/v1/completions', body: { prompt: 'And', max_tokens: 128 } });
});

t.test('what goes wrong is a sentence', async (t) => {
  const refusing = { 'POST /v1/chat/completions': json({ error: { message: 'No.' } }, 400) };
  t.match(await asking(['x'], refusing), { code: 1, out: '', err: 'The server said 400. No.\n' });
  const dir = t.testdir({ 'l.json': '[]' });
  const wrong: [string[], RegExp][] = [
    [['x', '--schema', `${dir}/none`], /^--schema: .* cannot be read \(ENOENT\)/],
    [['x', '--schema', `${dir}/l.json`], /^--schema: .* is no JSON object/],
    [['x', '--schema', `${dir}/l.json`, '--json'], /^--schema says more than --json/],
    [['x', '--raw', '--system', 'y'], /^--raw has no system message/],
    [['x', '--top-p', '2'], /^--top-p must be/],
    [[], /^There is nothing to ask/],
  ];
  for (const [flags, message] of wrong) await t.rejects(run(flags), { message });
});
