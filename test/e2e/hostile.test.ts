/** What one client can send, while another one streams: each is refused or answered soon, and nobody waits for it. */
import t from 'tap';

import { generate, postJson, settledPools } from './client.js';
import { runRadish, startRadish } from './radish-process.js';

t.setTimeout(240_000);

/** Longest that the event loop may be away, on a machine that runs other tests beside this one. */
const LONGEST_PAUSE_MS = 5_000;
const long = 'x'.repeat(31 * 1024);

function bodyWith(path: string, fields: object): object {
  if (path === '/generate') return { text: 'a', sampling_params: fields };
  const prompt = path === '/v1/completions' ? 'a' : undefined;
  return { prompt, messages: [{ role: 'user', content: 'a' }], ...fields };
}

/** Bodies are made when they are sent: some have 60 MB. */
const HOSTILE: readonly [name: string, path: string, body: () => string, status: number][] = [
  [
    'messages with 14 million values',
    '/v1/chat/completions',
    () => `{"messages":[{"role":"user","content":"a"}],"x":[${'1,'.repeat(14_000_000)}1]}`,
    400,
  ],
  [
    'template arguments with 14 million values',
    '/v1/chat/completions',
    () =>
      `{"messages":[{"role":"user","content":"a"}],"chat_template_kwargs":{"x":[${'[],'.repeat(14_000_000)}1]}}`,
    400,
  ],
  [
    'every entry of every prompt token in 256 samples',
    '/generate',
    () =>
      JSON.stringify({
        input_ids: Array.from({ length: 1900 }, (_, i) => 5 + (i % 200)),
        return_logprob: true,
        logprob_start_len: 0,
        top_logprobs_num: 256,
        sampling_params: { n: 256 },
      }),
    400,
  ],
  [
    '256 stop regexes for each of 64 prompts, in many samples',
    '/generate',
    () =>
      JSON.stringify({
        text: Array.from({ length: 64 }, (_, i) => `prompt ${i}`),
        sampling_params: { n: 8, stop_regex: Array.from({ length: 256 }, (_, i) => `(a+)+${i}$`) },
      }),
    400,
  ],
  [
    '2,048 texts to tokenize',
    '/tokenize',
    () => JSON.stringify({ prompt: Array.from({ length: 1900 }, () => long) }),
    400,
  ],
  ...['/generate', '/v1/completions', '/v1/chat/completions'].map(
    (path): (typeof HOSTILE)[number] => [
      `a bias beyond all numbers on ${path}`,
      path,
      () => JSON.stringify(bodyWith(path, { logit_bias: { 5: 1e308 } })),
      400,
    ],
  ),
  ...['<|channel|>', '<|start|>', '<|start|><|channel|>', '[f(a=['].map(
    (unit): (typeof HOSTILE)[number] => [
      `an answer of ${unit} alone`,
      '/parse_function_call',
      () =>
        JSON.stringify({
          text: unit.repeat(1_000_000 / unit.length),
          tools: [{ type: 'function', function: { name: 'f' } }],
          tool_call_parser: unit.startsWith('[') ? 'pythonic' : 'gpt-oss',
        }),
      200,
    ],
  ),
  [
    'a number of a million digits',
    '/parse_function_call',
    () =>
      JSON.stringify({
        text: `<tool_call>\n<function=f>\n<parameter=a>${'9'.repeat(1_000_000)}</parameter></function></tool_call>`,
        tools: [
          {
            type: 'function',
            function: {
              name: 'f',
              parameters: { type: 'object', properties: { a: { type: 'integer' } } },
            },
          },
        ],
        tool_call_parser: 'qwen3_coder',
      }),
    200,
  ],
  [
    'an answer that no model can give',
    '/separate_reasoning',
    () => JSON.stringify({ text: '<think>'.repeat(1_000_000), reasoning_parser: 'qwen3' }),
    400,
  ],
  ['a text of 60 MB', '/generate', () => JSON.stringify({ text: 'a'.repeat(60_000_000) }), 400],
  [
    'a chat of 60 MB',
    '/v1/chat/completions',
    () => JSON.stringify({ messages: [{ role: 'user', content: 'a '.repeat(30_000_000) }] }),
    400,
  ],
];

t.test('what one client sends stops nobody', async (t) => {
  const radish = await startRadish(['--max-running-requests', '8']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const ask = { text: 'Once', sampling_params: { temperature: 0, max_new_tokens: 8 } };
  const { text } = await generate(url, ask);
  for (const [name, path, body, status] of HOSTILE) {
    let longestMs = 0;
    let isOver = false;
    const others = (async () => {
      while (!isOver) {
        const startedMs = performance.now();
        t.equal((await generate(url, ask)).text, text);
        longestMs = Math.max(longestMs, performance.now() - startedMs);
      }
    })();
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method: 'POST', headers, body: body() });
    const answer = await response.text();
    isOver = true;
    await others;
    t.equal(response.status, status, `${name}: ${answer.slice(0, 200)}`);
    t.ok(
      longestMs < LONGEST_PAUSE_MS,
      `${name}: another client waited ${Math.round(longestMs)} ms`,
    );
  }
  await settledPools(url);
  const stopped = await postJson(`${url}/generate`, {
    text: 'Once',
    sampling_params: {
      n: 16,
      max_new_tokens: 8,
      stop: Array.from({ length: 256 }, () => long.slice(0, 4096)),
    },
  });
  t.equal(stopped.status, 200, 'long stop strings are fine');
  await stopped.text();
});

t.test('no client and no flag forges a line of the log', async (t) => {
  const forged = '\n[2026-01-01 00:00:00] ERROR: forged\r\u001b[2J\u202e';
  const flags = ['--log-requests', '--log-requests-level', '3', '--log-level', 'debug'];
  const radish = await startRadish([...flags, '--served-model-name', `m${forged}`]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const one = { max_new_tokens: 1 };
  await generate(url, { text: `a${forged}`, rid: `r${forged}`, sampling_params: one });
  await postJson(`${url}/generate`, {
    text: 'a',
    rid: `r${forged}`,
    sampling_params: { n: forged },
  });
  await postJson(`${url}/v1/completions`, { model: `x${forged}`, prompt: 'a', user: forged });
  await postJson(`${url}/abort_request`, { rid: `r${forged}`, abort_message: forged });
  await postJson(`${url}/update_weights_from_disk`, { model_path: `/no${forged}` });
  await postJson(`${url}/start_profile`, { output_dir: `/no${forged}`, profile_id: forged });
  await fetch(`${url}/no${encodeURIComponent(forged)}`, { headers: { 'user-agent': 'a\tb' } });
  const run = runRadish(['serve', '--port', '0', '--model-path', `/no${forged}`]);
  t.not(await run.exit, 0);
  t.match(radish.log(), 'forged', 'the log has them');
  for (const line of `${radish.log()}${run.log()}`.trimEnd().split('\n')) {
    t.match(line, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] /, line);
    t.notMatch(line, /^\[2026-01-01/);
    t.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/, line);
  }
});
