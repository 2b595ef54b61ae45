import { spawnSync } from 'node:child_process';
import t from 'tap';

import { DEFAULT_SETTINGS, newMessage } from '../../../../src/page/chat/message.js';
import { bodyOf, faultIn, streamBodyOf } from '../../../../src/page/chat/request.js';
import { curlOf, pythonOf } from '../../../../src/page/chat/snippets.js';

const question = newMessage({
  id: 'q',
  parent: null,
  role: 'user',
  content: `It's "so" $HOME\n\\é`,
  at: 1,
});
const call = { id: 'c1', name: 'look', arguments: '{"x":1}' };
const calling = newMessage({ id: 'a', parent: 'q', role: 'assistant', toolCalls: [call], at: 2 });
const result = newMessage({
  id: 't',
  parent: 'a',
  role: 'tool',
  toolCallId: 'c1',
  content: '42',
  at: 3,
});
const failed = newMessage({ id: 'f', parent: 't', role: 'assistant', error: 'no', at: 4 });

const settings = {
  ...DEFAULT_SETTINGS,
  system: 'Be brief.',
  temperature: '0.5',
  topK: '3',
  stop: 'END\n\nSTOP',
  tools: '[{"type":"function","function":{"name":"look"}}]',
};
const options = { model: 'm', settings, messages: [question, calling, result, failed] };

t.test('a conversation as the route takes it', (t) => {
  t.same(bodyOf(options), {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: question.content },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"x":1}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '42' },
    ],
    temperature: 0.5,
    top_k: 3,
    stop: ['END', 'STOP'],
    tools: [{ type: 'function', function: { name: 'look' } }],
  });
  t.end();
});

t.test('what is empty is left to the server', (t) => {
  const bare = bodyOf({ model: 'm', settings: DEFAULT_SETTINGS, messages: [question] });
  t.same(Object.keys(bare), ['model', 'messages']);
  t.end();
});

t.test('the page asks for more than a program would', (t) => {
  t.match(streamBodyOf(options), { stream: true, return_cache_info: true });
  t.notOk('logprobs' in streamBodyOf(options));
  const asking = { ...options, settings: { ...settings, probabilities: true } };
  t.match(streamBodyOf(asking), { logprobs: true, top_logprobs: 5 });
  t.end();
});

t.test('settings that cannot be meant are told of', (t) => {
  t.equal(faultIn(settings), null);
  t.equal(faultIn({ ...settings, topP: 'much' }), 'Top p must be a number.');
  t.equal(faultIn({ ...settings, tools: '{}' }), 'Tools must be a JSON list of functions.');
  t.end();
});

t.test('a shell hands curl the body to the byte', (t) => {
  const command = curlOf({ url: 'http://127.0.0.1:30000', body: bodyOf(options), hasKey: true });
  const print = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  const { stdout } = spawnSync('sh', ['-c', print], { env: { RADISH_API_KEY: 'k' } });
  const args = stdout.toString().split('\0');
  t.equal(args[0], 'http://127.0.0.1:30000/v1/chat/completions');
  t.ok(args.includes('Authorization: Bearer k'));
  t.same(JSON.parse(args[args.indexOf('-d') + 1] ?? ''), bodyOf(options));
  t.end();
});

t.test('a body that is too long for an argument goes in by the standard input', (t) => {
  const messages = [
    { ...question, content: `It's $HOME \`date\` END\nEND\n${'é'.repeat(200_000)}` },
  ];
  const body = bodyOf({ ...options, messages });
  const command = curlOf({ url: 'http://127.0.0.1:30000', body, hasKey: true });
  const print = `curl() { printf '%s\n' "$@" >&2; cat; }\n${command}`;
  const env = { RADISH_API_KEY: 'k' };
  const { stdout, stderr } = spawnSync('sh', { input: print, env, maxBuffer: 2 ** 24 });
  t.same(JSON.parse(stdout.toString()), body);
  t.match(stderr.toString(), 'Authorization: Bearer k\n--data-binary\n@-\n');
  t.end();
});

t.test('an answer that may call tools is printed whole', (t) => {
  const url = 'http://127.0.0.1:30000';
  const plain = pythonOf({ url, body: { messages: [] }, hasKey: false });
  t.match(plain, /^print\(answer\.choices\[0\]\.message\.content\)$/m);
  const calling = pythonOf({ url, body: { messages: [], tools: [{}] }, hasKey: false });
  t.match(calling, /^print\(answer\.choices\[0\]\.message\)$/m);
  t.end();
});

t.test('Python reads the same values', (t) => {
  const has = spawnSync('python3', ['--version']).status === 0;
  if (!has) {
    t.pass('python3 is not here');
    return;
  }
  const body = { ...bodyOf(options), stream: true, nothing: null };
  const code = pythonOf({ url: 'http://127.0.0.1:30000', body, hasKey: true });
  const stub = [
    'import sys, types, json, os',
    'os.environ["RADISH_API_KEY"] = "k"',
    'seen = {}',
    'class C:',
    '    def __init__(self, **a):',
    '        seen["client"] = a; self.chat = self; self.completions = self',
    '    def create(self, **a):',
    '        seen["asked"] = a; return types.SimpleNamespace(choices=[types.SimpleNamespace(message=types.SimpleNamespace(content=""))])',
    'sys.modules["openai"] = types.SimpleNamespace(OpenAI=C)',
    code.replace(/^print.*$/m, ''),
    'print(json.dumps(seen))',
  ].join('\n');
  const { stdout, stderr } = spawnSync('python3', ['-c', stub]);
  t.equal(stderr.toString(), '');
  const { client, asked } = JSON.parse(stdout.toString()) as Record<
    string,
    Record<string, unknown>
  >;
  t.same(client, { base_url: 'http://127.0.0.1:30000/v1', api_key: 'k' });
  const { extra_body: extra, ...known } = asked ?? {};
  t.same({ ...known, ...(extra as object) }, body);
  t.end();
});
