import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { COMMANDS } from '../../../../src/cli/commands.js';
import { parseCommandLine } from '../../../../src/cli/program.js';
import {
  delta,
  events,
  frame,
  inTurn,
  json,
  ONE_MODEL,
  scriptedServer,
  usage,
  type Answer,
} from '../../../doubles/openai-server.js';
import { Written } from '../../../doubles/written.js';
import { freePort } from '../../../e2e/radish-process.js';

async function bench(
  answers: Readonly<Record<string, Answer>>,
  flags: readonly string[],
  isTTY = false,
) {
  const server = await scriptedServer(answers);
  t.teardown(() => server.close());
  return { ...(await run(['--url', server.url, ...flags], isTTY)), received: server.received };
}

async function run(flags: readonly string[], isTTY = false) {
  const line = parseCommandLine(['bench', ...flags], { commands: COMMANDS, version: '1', env: {} });
  if (line.kind === 'exit') throw new Error(line.text);
  const out = new Written();
  const err = new Written({ isTTY });
  const surroundings = { version: '1', out, err, input: process.stdin };
  const code = await line.command.run(line.invocation, surroundings);
  return { code, out: out.text, err: err.text };
}

const NATIVE: Answer = (response, { body }) => {
  const prompt = body['input_ids'] as number[];
  const { max_new_tokens } = body['sampling_params'] as { max_new_tokens: number };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let i = 1; i <= max_new_tokens; i++) {
    const meta = { prompt_tokens: prompt.length, completion_tokens: i, cached_tokens: 1 };
    response.write(frame({ text: 'x'.repeat(i), meta_info: meta }));
  }
  response.end('data: [DONE]\n\n');
};

const SGLANG = {
  'GET /v1/models': json({ data: [{ id: 'tiny', owned_by: 'sglang' }] }),
  'POST /tokenize': json({ tokens: [11, 12, 13, 12] }),
  'POST /generate': NATIVE,
  'POST /flush_cache': json({}),
};

t.test('an SGLang server is measured on tokens of its own', async (t) => {
  const file = join(t.testdir(), 'runs.jsonl');
  const flags = ['--num-prompts', '5', '--random-input-len', '9', '--random-output-len', '4'];
  const more = [
    '--random-range-ratio',
    '1',
    '--output-file',
    file,
    '--output-details',
    '--tag',
    'a',
  ];
  const { code, out, err, received } = await bench(
    SGLANG,
    [...flags, ...more, '--flush-cache', '--max-concurrency', '2'],
    true,
  );
  t.equal(code, 0);
  t.match(out, /^Backend: +sglang$/m);
  t.match(out, /^Max request concurrency: +2$/m);
  t.match(out, /^Successful requests: +5$/m);
  t.match(out, /^Total input tokens: +45$/m);
  t.match(out, /^Total cached input tokens: +5$/m);
  t.match(out, /^Total generated tokens: +20$/m);
  t.match(out, /^={12} Serving Benchmark Result ={12}$/m);
  t.match(out, /TTFT \(ms\), one a request\n.*█/);
  t.match(err, /5\/5 requests, /);
  const generated = received.filter(({ path }) => path === '/generate');
  t.equal(generated.length, 6, 'one to warm up');
  t.equal(
    received.findIndex(({ path }) => path === '/flush_cache'),
    3,
  );
  const ids = new Set(generated.flatMap(({ body }) => body['input_ids'] as number[]));
  t.strictSame([...ids].sort(), [11, 12, 13]);
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  t.match(saved, {
    tag: 'a',
    completed: 5,
    total_output_tokens: 20,
    output_lens: Array(5).fill(4),
  });
  t.match(saved, { generated_texts: Array(5).fill('xxxx'), errors: Array(5).fill('') });
  await bench(SGLANG, ['--num-prompts', '1', '--output-file', file]);
  t.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 2, 'a line is added');
});

t.test('--json is the result alone', async (t) => {
  const { out } = await bench(SGLANG, ['--num-prompts', '2', '--json', '--request-rate', '500']);
  t.match(JSON.parse(out), { backend: 'sglang', completed: 2, failed: 0, request_rate: 500 });
});

/** Counts a token and a quarter a word, and ten beside. */
const CHAT: Answer = (response, request) => {
  const [{ content }] = request.body['messages'] as [{ content: string }];
  const counts = usage(10 + 1.25 * content.split(' ').length, 2);
  if (request.body['stream'] === false) json(counts)(response, request);
  else
    events(
      delta({ content: 'a' }),
      delta({ content: 'b' }),
      delta({}, 'stop'),
      counts,
    )(response, request);
};

t.test('any other server is measured on words whose tokens it counted', async (t) => {
  const answers = { 'GET /v1/models': ONE_MODEL, 'POST /v1/chat/completions': CHAT };
  const flags = ['--num-prompts', '4', '--random-input-len', '60', '--random-range-ratio', '1'];
  const { code, out, received } = await bench(answers, flags);
  t.equal(code, 0);
  t.match(out, /^Backend: +openai-chat$/m, 'it has no completions');
  t.match(out, /^Total input tokens: +240$/m);
  t.match(received.at(-1)?.body, { model: 'small', ignore_eos: true, temperature: 0 });
});

t.test('a server with completions is asked for them', async (t) => {
  const chunk = (text: string) => ({ choices: [{ text, finish_reason: null }], usage: null });
  const whole = json({
    choices: [{ text: 'a' }],
    usage: { prompt_tokens: 4, completion_tokens: 1 },
  });
  const answers: Record<string, Answer> = {
    'GET /v1/models': ONE_MODEL,
    'POST /v1/completions': (response, request) => {
      const stream = events(chunk('a'), chunk('b'), usage(4, 2));
      (request.body['stream'] === true ? stream : whole)(response, request);
    },
  };
  const { code, out } = await bench(answers, ['--num-prompts', '3']);
  t.equal(code, 0);
  t.match(out, /^Backend: +openai$/m);
});

t.test('a server that cannot be measured is a sentence', async (t) => {
  const nobody = await run(['--url', `127.0.0.1:${await freePort()}`]);
  t.match(nobody, { code: 1, out: '', err: /^Nobody answers at http.*\n$/ });
  const refusing = { ...SGLANG, 'POST /generate': json({ error: { message: 'No.' } }, 400) };
  t.match(await bench(refusing, []), { code: 1, out: '', err: /^The server said 400\. No\.\n$/ });
  const locked = { 'GET /v1/models': json({ error: 'Unauthorized' }, 401) };
  t.match(await bench(locked, []), { code: 1, err: /--api-key/ });
});

t.test('requests that fail are counted apart', async (t) => {
  const failing = json({ error: { message: 'No.' } }, 400);
  const answers = { ...SGLANG, 'POST /generate': inTurn(NATIVE, failing, NATIVE, failing, NATIVE) };
  const flags = ['--num-prompts', '5', '--max-concurrency', '1'];
  const { code, out, err } = await bench(answers, flags);
  t.equal(code, 0);
  t.match(out, /^Successful requests: +3$/m);
  t.match(out, /^Failed requests: +2$/m);
  t.equal(err, '2 failed: The server said 400. No.\n');
});

t.test('wrong flags are a sentence', async (t) => {
  const cases: [string[], RegExp][] = [
    [['--num-prompts', '0'], /^--num-prompts must be an integer from 1 to/],
    [['--random-range-ratio', '2'], /^--random-range-ratio must be a number from 0 to 1/],
    [['--request-rate', '0'], /^--request-rate must be a number above 0, or inf/],
    [['--backend', 'vllm'], /^--backend must be one of sglang, openai, openai-chat/],
    [['--dataset-name', 'sharegpt'], /^--dataset-name must be one of random, generated/],
    [['--extra-request-body', '[]'], /^--extra-request-body must be a JSON object/],
    [['--url', 'ftp://x'], /^--url must be an address/],
  ];
  for (const [flags, message] of cases) await t.rejects(run(flags), { message });
});
