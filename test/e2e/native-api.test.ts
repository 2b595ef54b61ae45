import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { generate, postJson } from './client.js';
import { makeOfflineHub } from './offline-hub.js';
import { startRadish } from './radish-process.js';

/**
 * What SGLang's documentation shows of its native API, with repositories by name on a machine without
 * a network. What single endpoints answer in detail is in the tests of their own.
 */
const POOLED = 'test/fixtures/pooled';
const TOKENIZERS = 'test/fixtures/tokenizers';
const hub = await makeOfflineHub({
  'org/chat': ['config/tiny'],
  'org/chat-base': ['config/tiny'],
  'org/smaller': ['test/fixtures/families/qwen2-moe'],
  'org/embedder': [`${POOLED}/qwen3-causal`, `${TOKENIZERS}/wordpiece`],
  'org/reranker-v2': [`${POOLED}/xlmr-cross`, `${TOKENIZERS}/unigram`],
  'org/Reward-8B-v0.2': [`${POOLED}/llama-reward`, `${TOKENIZERS}/wordpiece`],
});
t.teardown(() => hub.remove());

// The tests mostly wait for the start of a server.
t.jobs = 3;
/** A new object each time: tap keeps the test's body in it, so that tests that share one all run the first. */
const parallel = () => ({ buffered: true });
const QUESTION = { text: 'What is the capital of France?' };

async function serve(repo: string, ...flags: readonly string[]) {
  return startRadish(['--model-path', repo, ...flags], hub.env);
}

async function post<T>(url: string, body: object): Promise<T> {
  const response = await postJson(url, body);
  return (await response.json()) as T;
}

async function modelInfo(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/get_model_info`);
  return (await response.json()) as Record<string, unknown>;
}

t.test('a generation model, and new weights by name', parallel(), async (t) => {
  const radish = await serve('org/chat', '--compat', '2025-12');
  t.teardown(() => radish.stop());
  const { url } = radish;
  const info = {
    model_path: 'org/chat',
    is_generation: true,
    tokenizer_path: 'org/chat',
    preferred_sampling_params: null,
    weight_version: 'default',
    has_image_understanding: false,
    has_audio_understanding: false,
  };
  t.same(await modelInfo(url), info);
  const before = await generate(url, { ...QUESTION, sampling_params: { temperature: 0 } });
  for (const route of ['update_weights', 'update_weights_from_disk']) {
    const counted = route === 'update_weights' ? {} : { num_paused_requests: 0 };
    const update = async (repo: string) => post<object>(`${url}/${route}`, { model_path: repo });
    t.strictSame(await update('org/chat-wrong'), {
      success: false,
      message: 'Failed to get weights iterator: org/chat-wrong (repository not found).',
      ...counted,
    });
    t.strictSame(await update('org/smaller'), {
      success: false,
      message:
        'Failed to update weights: The size of tensor a (128) must match the size of tensor b (32) ' +
        'at non-singleton dimension 1.\nRolling back to original weights.',
      ...counted,
    });
    const success = { success: true, message: 'Succeeded to update model weights.', ...counted };
    t.strictSame(await update('org/chat-base'), success);
  }
  t.same(await modelInfo(url), { ...info, model_path: 'org/chat-base' });
  const after = await generate(url, { ...QUESTION, sampling_params: { temperature: 0 } });
  t.same(after.output_ids, before.output_ids, 'the same weights under another name');
});

t.test('an embedding model encodes a text', parallel(), async (t) => {
  const radish = await serve('org/embedder', '--is-embedding');
  t.teardown(() => radish.stop());
  const { url } = radish;
  t.match(await modelInfo(url), { is_generation: false, tokenizer_path: 'org/embedder' });
  const body = { model: 'org/embedder', text: 'the capital of panda' };
  const { embedding } = await post<{ embedding: number[] }>(`${url}/encode`, body);
  t.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5, 'one flat vector of unit length');
});

t.test('a cross-encoder reranks', parallel(), async (t) => {
  const flags = ['--disable-radix-cache', '--chunked-prefill-size', '-1', '--is-embedding'];
  const radish = await serve('org/reranker-v2', ...flags, '--attention-backend', 'triton');
  t.teardown(() => radish.stop());
  const ranked = await post<{ score: number; document: string }[]>(`${radish.url}/v1/rerank`, {
    model: 'org/reranker-v2',
    query: 'what is panda?',
    documents: ['hi', 'The giant panda is a bear species endemic to China.'],
  });
  t.equal(ranked.length, 2, 'a bare list');
  for (const { score, document } of ranked) {
    t.type(score, 'number');
    t.type(document, 'string');
  }
  t.match(radish.log(), /WARNING.*--attention-backend/);
});

t.test('a reward model judges two conversations', parallel(), async (t) => {
  const radish = await serve('org/Reward-8B-v0.2', '--is-embedding');
  t.teardown(() => radish.stop());
  const { url } = radish;
  // What the client's tokenizer makes of question and answer with the model's chat template.
  const texts = ['panda', 'the capital'].map(
    (answer) => `user: what is it?\n\nassistant: ${answer} is the end.`,
  );
  const body = { model: 'org/Reward-8B-v0.2', text: texts };
  const rewards = await post<{ embedding: number[] }[]>(`${url}/classify`, body);
  t.same(
    rewards.map(({ embedding }) => embedding.length),
    [1, 1],
  );
  const scores = rewards.map(({ embedding }) => embedding[0] ?? NaN);
  t.not(scores[0], scores[1]);
  for (const [i, prompt] of texts.entries()) {
    const { tokens } = await post<{ tokens: number[] }>(`${url}/tokenize`, { prompt });
    const alone = await post<{ embedding: number[] }>(`${url}/classify`, { input_ids: tokens });
    t.ok(Math.abs((alone.embedding[0] ?? NaN) - (scores[i] ?? NaN)) < 1e-5, 'the same by ids');
  }
});

t.test('expert selection is recorded', parallel(), async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'radish-native-'));
  const radish = await startRadish(
    ['--model-path', 'org/chat', '--expert-distribution-recorder-mode', 'stat'],
    { ...hub.env, SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR: folder },
  );
  t.teardown(async () => {
    await radish.stop();
    await rm(folder, { recursive: true });
  });
  const control = async (action: string) => {
    const url = `${radish.url}/${action}_expert_distribution_record`;
    t.equal((await fetch(url, { method: 'POST' })).status, 200);
  };
  await control('start');
  const { meta_info } = await generate(radish.url, QUESTION);
  await control('stop');
  await control('dump');
  const csv = (await readdir(folder)).find((name) => name.endsWith('.csv')) ?? '';
  const lines = (await readFile(join(folder, csv), 'utf8')).trim().split('\n').slice(1);
  const counted = lines.reduce((sum, line) => sum + Number(line.split(',')[2]), 0);
  const { prompt_tokens, cached_tokens, completion_tokens } = meta_info;
  const numRows = prompt_tokens - cached_tokens + completion_tokens - 1;
  t.equal(counted, numRows * 6 * 2, 'every row, in 6 layers, to 2 experts');
});

t.test('--skip-tokenizer-init: ids in, ids out', parallel(), async (t) => {
  const [radish, ids] = await Promise.all([
    serve('org/chat'),
    serve('org/chat', '--skip-tokenizer-init'),
  ]);
  t.teardown(() => Promise.all([radish.stop(), ids.stop()]));
  const prompt = QUESTION.text;
  const { tokens } = await post<{ tokens: number[] }>(`${radish.url}/tokenize`, { prompt });
  const body = {
    input_ids: tokens,
    sampling_params: { temperature: 0, max_new_tokens: 24, stop_token_ids: [2] },
    stream: false,
  };
  const [withText, without] = await Promise.all([
    generate(radish.url, body),
    generate(ids.url, body),
  ]);
  t.same(without.output_ids, withText.output_ids);
  t.same(without.meta_info.finish_reason, withText.meta_info.finish_reason);
  t.equal((await postJson(`${ids.url}/generate`, QUESTION)).status, 400);
});
