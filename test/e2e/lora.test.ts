import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { HubStub } from '../doubles/hub-stub.js';
import {
  generate,
  generateBatch,
  generateStream,
  postJson,
  settledPools,
  type GenerateResult,
} from './client.js';
import { startRadish, runRadish, type RadishProcess } from './radish-process.js';

const FAMILIES = join('test', 'fixtures', 'families');
const ADAPTERS = join('test', 'fixtures', 'lora');
const adapter = (name: string): string => join(ADAPTERS, name);

interface Golden {
  readonly base: string;
  readonly inputIds: number[];
  readonly logprobs: number[][];
}

interface LoraAnswer {
  readonly success: boolean;
  readonly error_message: string | null;
  readonly loaded_adapters: Readonly<Record<string, string>> | null;
}

async function golden(name: string): Promise<Golden> {
  return JSON.parse(await readFile(join(adapter(name), 'golden.json'), 'utf8')) as Golden;
}

/** A server on the tiny model that the adapters of `family` are for. */
function serve(family: string, flags: readonly string[]): Promise<RadishProcess> {
  const base = family === 'llama' ? 'llama-plain' : 'llama-blocks';
  return startRadish([
    ...['--model-path', join(FAMILIES, base), '--skip-tokenizer-init', '--page-size', '4'],
    ...flags,
  ]);
}

async function post(url: string, path: string, body: object): Promise<[number, LoraAnswer]> {
  const response = await postJson(`${url}${path}`, body);
  return [response.status, (await response.json()) as LoraAnswer];
}

const load = (url: string, name: string, path: string, pinned = false) =>
  post(url, '/load_lora_adapter', { lora_name: name, lora_path: path, pinned });
const unload = (url: string, name: string) =>
  post(url, '/unload_lora_adapter', { lora_name: name });

async function refusal(url: string, body: object, path = '/generate'): Promise<string> {
  const response = await postJson(`${url}${path}`, body);
  const { error, message } = (await response.json()) as {
    error?: { message: string };
    message?: string;
  };
  return `${response.status} ${error?.message ?? message ?? ''}`;
}

const PROMPT = [1, 5, 9, 20, 33, 41, 7, 11, 60, 2, 3];
const ask = (lora: string | null, more: object = {}) => ({
  input_ids: PROMPT,
  lora_path: lora,
  sampling_params: { temperature: 0, max_new_tokens: 40, ignore_eos: true },
  return_logprob: true,
  logprob_start_len: -1,
  ...more,
});

/** Tokens and the bits of their log-probabilities. */
function essence({ output_ids, meta_info }: GenerateResult): unknown {
  return [output_ids, meta_info['output_token_logprobs']];
}

t.test('answers are those of the merged weights, of each adapter and of none', async (t) => {
  const names = ['llama-all', 'llama-some', 'llama-patterns', 'llama-last'];
  const radish = await serve('llama', [
    '--lora-paths',
    ...names.map((name) => `${name}=${adapter(name)}`),
  ]);
  t.teardown(() => radish.stop());
  const scored = await Promise.all(
    names.map(async (name) => {
      const { inputIds, logprobs } = await golden(name);
      const { meta_info } = await generate(radish.url, {
        input_ids: inputIds,
        lora_path: name,
        sampling_params: { max_new_tokens: 0 },
        return_logprob: true,
        logprob_start_len: 0,
      });
      const rows = meta_info['input_token_logprobs'] as [number | null, number][];
      const errors = rows
        .slice(1)
        .map(([value, id], i) => Math.abs((value ?? NaN) - (logprobs[i]?.[id] ?? NaN)));
      return Math.max(...errors);
    }),
  );
  for (const [i, error] of scored.entries()) t.ok(error < 1e-4, `${names[i]}: off by ${error}`);
});

/** All ways in which a request may meet others. */
async function checkBits(t: Test, family: string, flags: readonly string[]): Promise<void> {
  const paths = ['all', 'some', 'patterns', 'last'].map(
    (name) => `${name}=${adapter(`${family}-${name}`)}`,
  );
  const roomy = await serve(family, [...flags, '--lora-paths', ...paths]);
  const tight = await serve(family, [
    ...flags,
    ...['--chunked-prefill-size', '5', '--max-total-tokens', '160', '--max-running-requests', '8'],
    ...['--schedule-conservativeness', '0', '--max-loras-per-batch', '3'],
    ...['--lora-paths', ...paths],
  ]);
  t.teardown(() => Promise.all([roomy.stop(), tight.stop()]));
  const bodies = ['all', null, 'some', 'patterns', 'last', null, 'all', 'some'].map((name, i) =>
    ask(name, { input_ids: PROMPT.map((id) => (id + 3 * i) % 60) }),
  );
  const alone: GenerateResult[] = [];
  for (const body of bodies) alone.push(await generate(roomy.url, body));
  const cached = await Promise.all(bodies.map((body) => generate(roomy.url, body)));
  t.ok(cached.every(({ meta_info }) => meta_info.cached_tokens > 0));
  await postJson(`${roomy.url}/flush_cache`, {});
  const together = await Promise.all(bodies.map((body) => generateStream(roomy.url, body)));
  const narrow = await generateBatch(tight.url, {
    ...ask(null),
    input_ids: bodies.map(({ input_ids }) => input_ids),
    lora_path: bodies.map(({ lora_path }) => lora_path),
  });
  t.ok(
    narrow.some(({ meta_info }) => Number(meta_info['num_retractions']) > 0),
    'somebody was retracted',
  );
  for (const [i, answer] of alone.entries()) {
    t.same(essence(cached[i] as GenerateResult), essence(answer), `request ${i} from the cache`);
    t.same(together[i]?.at(-1)?.output_ids, answer.output_ids, `request ${i} in a batch`);
    t.same(essence(narrow[i] as GenerateResult), essence(answer), `request ${i} where it is tight`);
  }
  t.equal(new Set(alone.map(({ output_ids }) => JSON.stringify(output_ids))).size, 8);
  for (const { url } of [roomy, tight]) await settledPools(url);
}

for (const [family, flags] of [
  ['llama', []],
  ['blocks', ['--quantization', 'w8a8_int8']],
  ['blocks', ['--quantization', 'w8a8_int8', '--speculative-algorithm', 'NGRAM']],
  ['blocks', ['--quantization', 'int4']],
  ['llama', ['--speculative-algorithm', 'NGRAM', '--speculative-ngram-min-match-window-size', '1']],
] as const) {
  t.test(
    `${family} ${flags.join(' ')}: the same alone, in a batch, cached, cut and retracted`,
    (t) => checkBits(t, family, flags),
  );
}

t.test('adapters come and go while the server runs', async (t) => {
  const radish = await serve('llama', [
    ...['--enable-lora', '--max-lora-rank', '16', '--lora-target-modules', 'all'],
    ...['--max-loaded-loras', '2', '--max-loras-per-batch', '2'],
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const folder = t.testdir();
  const path = join(folder, 'adapter');
  await cp(adapter('llama-all'), path, { recursive: true });

  t.equal(
    await refusal(url, ask('a')),
    '400 Got LoRA adapter that has never been loaded: a\nAll loaded adapters: dict_keys([]).',
  );
  t.same(await load(url, 'a', path), [
    200,
    { success: true, error_message: null, loaded_adapters: { a: path } },
  ]);
  t.match((await load(url, 'a', path))[1].error_message, /LoRA with name a already exists\./);
  const first = await generate(url, ask('a'));
  const hit = await generate(url, ask('a'));
  t.ok(hit.meta_info.cached_tokens > 0);
  t.equal((await generate(url, ask(null))).meta_info.cached_tokens, 0, 'another namespace');

  // The same name for other weights.
  t.equal((await unload(url, 'a'))[0], 200);
  t.match(await refusal(url, ask('a')), /^400 Got LoRA adapter that has never been loaded: a/);
  await rm(path, { recursive: true });
  await cp(adapter('llama-some'), path, { recursive: true });
  t.equal((await load(url, 'a', path))[0], 200);
  const other = await generate(url, ask('a'));
  t.equal(other.meta_info.cached_tokens, 0, 'nothing of the unloaded one');
  t.not(String(other.output_ids), String(first.output_ids));

  // The least recently used goes, and comes back when it is named.
  t.equal((await load(url, 'b', adapter('llama-last'), true))[0], 200);
  t.same((await load(url, 'c', adapter('llama-all')))[1].loaded_adapters, {
    b: adapter('llama-last'),
    c: adapter('llama-all'),
  });
  t.same(essence(await generate(url, ask('a'))), essence(other));
  t.match(radish.log(), /Reloading evicted adapter: a/);
  t.match(
    (await load(url, 'd', adapter('llama-some'), true))[1].error_message,
    /^Failed to load LoRA adapter d as a pinned adapter\. It is not allowed to pin all slots/,
  );
  t.match(
    await refusal(url, {
      ...ask(null),
      input_ids: [PROMPT, PROMPT, PROMPT],
      lora_path: ['a', 'b', 'c'],
    }),
    /^400 Received request with 3 unique loras requested but max loaded loras is 2/,
  );
  t.match(
    (await unload(url, 'zzz'))[1].error_message,
    /^LoRA with name zzz does not exist\. Loaded LoRAs: /,
  );
});

t.test('an adapter in use stays until its requests have ended', async (t) => {
  const radish = await serve('llama', ['--lora-paths', `a=${adapter('llama-all')}`]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const expected = await generate(url, ask('a'));
  const long = { temperature: 0, max_new_tokens: 100, ignore_eos: true };
  const running = generate(url, { ...ask('a'), sampling_params: long });
  let hasEnded = false;
  void running.then(() => (hasEnded = true));
  const [status] = await unload(url, 'a');
  t.equal(status, 200);
  t.ok(hasEnded, 'the request ended first');
  const answer = await running;
  t.equal(answer.output_ids.length, 100);
  t.same(answer.output_ids.slice(0, 40), expected.output_ids);
});

t.test("one request may name an adapter for each prompt, and be OpenAI's", async (t) => {
  const radish = await startRadish([
    ...['--lora-paths', `a=${join(ADAPTERS, 'tiny')}`],
    ...['--served-model-name', 'base'],
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const sampling_params = { temperature: 0, max_new_tokens: 8 };
  const both = await generateBatch(url, {
    text: ['Hello', 'Hello'],
    lora_path: ['a', null],
    sampling_params,
  });
  const [changed, plain] = both.map(({ text }) => text);
  t.not(changed, plain);
  const texts = await Promise.all(
    [{ model: 'base:a' }, { model: 'base', lora_path: 'a' }, { model: 'base' }].map(
      async (more) => {
        const response = await postJson(`${url}/v1/completions`, {
          prompt: 'Hello',
          temperature: 0,
          max_tokens: 8,
          ...more,
        });
        const { choices } = (await response.json()) as { choices: { text: string }[] };
        return choices[0]?.text;
      },
    ),
  );
  t.same(texts, [changed, changed, plain]);
  const messages = [{ role: 'user', content: 'The capital of France is' }];
  const said = async (path: string, more: object): Promise<string> => {
    const response = await postJson(`${url}${path}`, { messages, stream: false, ...more });
    return JSON.stringify(await response.json());
  };
  const short = { temperature: 0, max_tokens: 6 };
  const options = { temperature: 0, num_predict: 6 };
  for (const model of ['base', 'base:a']) {
    const chat = JSON.parse(await said('/v1/chat/completions', { model, ...short })) as {
      choices: { message: { content: string } }[];
    };
    const text = JSON.stringify(chat.choices[0]?.message.content);
    for (const [path, more] of [
      ['/v1/messages', short],
      ['/api/chat', { options }],
      ['/v1/responses', { input: messages, temperature: 0, max_output_tokens: 6 }],
    ] as const) {
      t.ok((await said(path, { model, ...more })).includes(text), `${path} of ${model}`);
    }
  }
  for (const path of ['/v1/messages', '/api/chat', '/v1/chat/completions']) {
    const body = { model: 'base:b', messages, ...(path === '/api/chat' ? {} : short) };
    t.match(await said(path, body), /never been loaded: b/, path);
  }
  t.match(await said('/api/chat', { model: 'base:latest', options }), /"done":true/);
  const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: object[] };
  t.match(models.data, [
    { id: 'base', parent: null },
    { id: 'a', root: join(ADAPTERS, 'tiny'), parent: 'base', max_model_len: null },
  ]);
  const info = (await (await fetch(`${url}/server_info`)).json()) as Record<string, unknown>;
  t.match(info, { enable_lora: true, loaded_adapters: [{ lora_name: 'a', pinned: false }] });
  const { loads } = (await (await fetch(`${url}/v1/loads?include=lora`)).json()) as {
    loads: unknown[];
  };
  t.same(loads, [{ dp_rank: 0, lora: { slots_used: 0, slots_total: 8, utilization: 0 } }]);
  t.match(
    await refusal(url, { model: 'base:b', prompt: 'x' }, '/v1/completions'),
    /never been loaded: b/,
  );
  t.match(
    await refusal(url, { text: ['a', 'b'], lora_path: ['a'] }),
    /^400 The length of lora_path/,
  );
  t.match(
    await refusal(url, { text: 'a', lora_path: 5 }),
    /^400 lora_path should be a list or a string\./,
  );
});

t.test(
  'what is no adapter of the model is refused in one sentence, and nothing is lost',
  async (t) => {
    const radish = await serve('llama', [
      ...['--lora-paths', `a=${adapter('llama-some')}`, '--max-lora-rank', '8'],
    ]);
    t.teardown(() => radish.stop());
    const { url } = radish;
    const expected = essence(await generate(url, ask('a')));
    const dir = t.testdir({
      empty: {},
      pickle: { 'adapter_config.json': '{"peft_type":"LORA","r":3}', 'adapter_model.bin': 'x' },
    });
    const broken = async (name: string, config: object, weights?: Uint8Array): Promise<string> => {
      const path = join(dir, name);
      await mkdir(path);
      const own = JSON.parse(
        await readFile(join(adapter('llama-some'), 'adapter_config.json'), 'utf8'),
      ) as object;
      await writeFile(join(path, 'adapter_config.json'), JSON.stringify({ ...own, ...config }));
      const file = await readFile(join(adapter('llama-some'), 'adapter_model.safetensors'));
      await writeFile(join(path, 'adapter_model.safetensors'), weights ?? file);
      return path;
    };
    const whole = await readFile(join(adapter('llama-some'), 'adapter_model.safetensors'));
    const cases: [string, RegExp][] = [
      ['nowhere', /is no LoRA adapter: it has no adapter_config\.json/],
      [join(dir, 'empty'), /is no LoRA adapter: it has no adapter_config\.json/],
      [join(dir, 'pickle'), /has only pickle weights/],
      [await broken('type', { peft_type: 'LOHA' }), /has the peft_type "LOHA", and only LORA/],
      [await broken('dora', { use_dora: true }), /asks for DoRA/],
      [await broken('saved', { modules_to_save: ['lm_head'] }), /whole modules in the place/],
      [await broken('rank', { r: 4 }), /has rank 3, but adapter_config\.json says 4/],
      [await broken('cut', {}, whole.subarray(0, 300)), /header|truncated|bytes/],
      [adapter('llama-all'), /not among the modules of --lora-target-modules/],
      [adapter('qwen2-all'), /has shape .* of this model has 32 inputs|not among the modules/],
      [adapter('gpt2-all'), /'transformer\.h\.0\.attn\.c_attn', which is no linear layer/],
      [adapter('blocks-some'), /of this model has 32 inputs and/],
    ];
    for (const [path, why] of cases) {
      const [status, { error_message }] = await load(url, 'x', path);
      t.equal(status, 400);
      t.match(error_message, why);
    }
    t.same(essence(await generate(url, ask('a'))), expected);
  },
);

t.test('a start says what is missing or wrong', async (t) => {
  const model = ['--model-path', join(FAMILIES, 'llama-plain'), '--skip-tokenizer-init'];
  const start = async (...flags: string[]): Promise<string> => {
    const run = runRadish(['serve', '--port', '0', ...model, ...flags]);
    t.not(await run.exit, 0);
    return run.log();
  };
  t.match(
    await start('--enable-lora'),
    /When no initial --lora-paths is provided, you need to specify both --max-lora-rank and/,
  );
  t.match(
    await start('--enable-lora', '--max-lora-rank', '4', '--lora-target-modules', 'nothing'),
    /has no linear layer 'nothing' that takes adapters; it has .*q_proj/,
  );
  t.match(
    await start('--lora-paths', `a=${adapter('llama-all')}`, '--max-lora-rank', '4'),
    /Failed to load LoRA adapter a: .* has rank 8, and --max-lora-rank is 4/,
  );
  t.match(
    await start('--lora-paths', `a=${adapter('llama-all')}`, '--max-loaded-loras', '4'),
    /max_loaded_loras should be greater than or equal to max_loras_per_batch/,
  );
});

t.test('a device that is replaced has them too, and other weights', async (t) => {
  const radish = await serve('blocks', [
    ...['--quantization', 'w8a8_int8', '--enable-fault-injection'],
    ...['--lora-paths', `a=${adapter('blocks-all')}`],
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const expected = essence(await generate(url, ask('a')));
  await postJson(`${url}/debug/fail_device`, { rank: 0, how: 'throw' });
  t.same(essence(await generate(url, ask('a'))), expected, 'after a death');
  const update = await postJson(`${url}/update_weights_from_disk`, {
    model_path: join(FAMILIES, 'llama-blocks'),
  });
  t.equal(update.status, 200);
  t.same(essence(await generate(url, ask('a'))), expected, 'after an update');
});

t.test('an adapter may be sent, and goes with its name', async (t) => {
  const radish = await serve('llama', [
    ...['--lora-paths', `a=${adapter('llama-all')}`, '--enable-metrics'],
  ]);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const read = (file: string) => readFile(join(adapter('llama-all'), file));
  const config = JSON.parse(String(await read('adapter_config.json'))) as object;
  const weights = (await read('adapter_model.safetensors')).toString('base64');
  const send = (body: object) =>
    post(url, '/load_lora_adapter_from_tensors', { lora_name: 's', config_dict: config, ...body });

  t.same(await send({ serialized_named_tensors: [weights] }), [
    200,
    {
      success: true,
      error_message: null,
      loaded_adapters: { a: adapter('llama-all'), s: '__tensor__' },
    },
  ]);
  t.same(essence(await generate(url, ask('s'))), essence(await generate(url, ask('a'))));
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.match(metrics, /sglang:lora_pool_slots_used\{[^}]*\} 0\n/);
  t.match(metrics, /sglang:lora_pool_slots_total\{[^}]*\} 8\n/);
  t.equal((await unload(url, 's'))[0], 200);
  t.equal((await send({ serialized_tensors: weights }))[0], 200, 'as SGLang called it before');

  const pickle = Buffer.from([0x80, 4, 0, 0]).toString('base64');
  const bad: [object, RegExp][] = [
    [
      { lora_name: 'p', serialized_named_tensors: [pickle] },
      /^Failed to load LoRA adapter p: serialized_named_tensors is pickled/,
    ],
    [
      { lora_name: 'c', serialized_named_tensors: [weights.slice(0, 400)] },
      /^Failed to load LoRA adapter c: adapter_model\.safetensors /,
    ],
    [
      { lora_name: 'd', config_dict: { ...config, use_dora: true }, serialized_tensors: weights },
      /^Failed to load LoRA adapter d: adapter_config\.json asks for DoRA/,
    ],
  ];
  for (const [body, why] of bad) {
    const [status, { error_message }] = await send(body);
    t.equal(status, 400);
    t.match(error_message, why);
  }
  const path = '/load_lora_adapter_from_tensors';
  t.match(await refusal(url, { lora_name: 'x' }, path), /^400 .*config_dict/);
  const two = { lora_name: 'x', config_dict: {}, serialized_named_tensors: ['', ''] };
  t.match(await refusal(url, two, path), /^400 .*one base64 string/);
});

t.test(
  'an adapter of the hub is downloaded once, and a repository without one is refused',
  async (t) => {
    const files = new Map<string, Buffer>();
    for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
      files.set(name, await readFile(join(adapter('llama-all'), name)));
    }
    const hub = new HubStub('me/adapter', files);
    const env = { HF_ENDPOINT: await hub.listen(), HF_HUB_OFFLINE: '', HF_HUB_CACHE: t.testdir() };
    t.teardown(() => hub.close());
    const radish = await startRadish(
      [
        ...['--model-path', join(FAMILIES, 'llama-plain'), '--skip-tokenizer-init'],
        ...['--lora-paths', 'h=me/adapter', `a=${adapter('llama-all')}`],
      ],
      env,
    );
    t.teardown(() => radish.stop());
    const { url } = radish;
    t.same(essence(await generate(url, ask('h'))), essence(await generate(url, ask('a'))));
    const { length } = hub.requests;
    t.equal((await load(url, 'again', 'me/adapter'))[0], 200);
    t.equal(hub.requests.length, length, 'from the cache');
    const [status, { error_message }] = await load(url, 'x', 'me/other');
    t.equal(status, 400);
    t.match(error_message, /^Failed to load LoRA adapter x: /);
  },
);
