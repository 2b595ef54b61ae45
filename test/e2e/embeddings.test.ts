import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { generate, postJson } from './client.js';
import { startRadish, type RadishProcess } from './radish-process.js';

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));

// Every test starts a server of its own, and they mostly wait for each other's start.
t.jobs = 5;
/** A new object each time: tap keeps the test's body in it, so that tests that share one all run the first. */
const parallel = () => ({ buffered: true });

interface Golden {
  readonly sequences: readonly {
    readonly tokens: number[];
    readonly tokenTypes: number[] | null;
    readonly vector: number[];
  }[];
}

interface Encoded {
  readonly embedding: number[];
  readonly meta_info: { readonly prompt_tokens: number };
}

interface Ranked {
  readonly score: number;
  readonly document: string;
  readonly index: number;
}

interface RerankResults {
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[];
}

async function serve(name: string, ...flags: readonly string[]): Promise<RadishProcess> {
  return startRadish(['--model-path', `${FIXTURES}pooled/${name}`, ...flags]);
}

async function post<T>(url: string, body: object): Promise<T> {
  const response = await postJson(url, body);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** What transformers computed for texts without types: a request can bring ids, but no types. */
async function goldenOf(name: string): Promise<Golden['sequences']> {
  const file = await readFile(`${FIXTURES}pooled/${name}/golden.json`, 'utf8');
  const { sequences } = JSON.parse(file) as Golden;
  return sequences.filter(({ tokenTypes }) => tokenTypes === null);
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

t.test('embeddings are those of transformers, on two devices', parallel(), async (t) => {
  const tokenizer = ['--tokenizer-path', `${FIXTURES}tokenizers/wordpiece`];
  const radish = await serve('bert-mean', ...tokenizer, '--dp-size', '2');
  t.teardown(() => radish.stop());
  const { url } = radish;
  const golden = await goldenOf('bert-mean');
  t.ok(golden.length > 3);
  const input_ids = golden.flatMap(({ tokens }) => Array.from({ length: 12 }, () => tokens));
  const answers = await post<Encoded[]>(`${url}/encode`, { input_ids });
  answers.forEach(({ embedding, meta_info }, i) => {
    const expected = golden[Math.floor(i / 12)];
    if (distance(embedding, expected?.vector ?? []) > 1e-4) t.fail(`text ${i} differs`);
    t.equal(meta_info.prompt_tokens, expected?.tokens.length);
  });
  const texts = ['what is panda?', 'The giant panda'];
  const { data } = await post<{ data: Encoded[] }>(`${url}/v1/embeddings`, { input: texts });
  const encoded = await post<Encoded[]>(`${url}/encode`, { text: texts });
  data.forEach(({ embedding }, i) => {
    t.ok(distance(embedding, encoded[i]?.embedding ?? []) < 1e-6);
    t.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5, 'of unit length');
  });
  const state = (await (await fetch(`${url}/server_info`)).json()) as { is_embedding: boolean };
  t.equal(state.is_embedding, true);
  t.equal((await fetch(`${url}/health_generate`)).status, 200);
  t.equal((await postJson(`${url}/generate`, { text: 'a' })).status, 400);
});

for (const [model, tokenizer, isSquashed] of [
  // Only the first one's config.json names a sigmoid.
  ['bert-cross', 'wordpiece', true],
  ['xlmr-cross', 'unigram', false],
] as const) {
  t.test(`${model} reranks with the launch line of SGLang's notebook`, parallel(), async (t) => {
    const flags = ['--disable-radix-cache', '--chunked-prefill-size', '-1'];
    flags.push('--attention-backend', 'triton', '--is-embedding');
    flags.push('--tokenizer-path', `${FIXTURES}tokenizers/${tokenizer}`);
    const radish = await serve(model, ...flags);
    t.teardown(() => radish.stop());
    const { url } = radish;
    const query = 'what is panda?';
    const documents = ['hi', 'The giant panda is a bear.', '東京 café'];
    const ranked = await post<Ranked[]>(`${url}/v1/rerank`, { query, documents, model: 'x' });
    t.strictSame(ranked.map(({ index }) => index).sort(), [0, 1, 2]);
    t.strictSame(
      ranked.map(({ score }) => score),
      ranked.map(({ score }) => score).sort((a, b) => b - a),
    );
    for (const { index, document, score } of ranked) {
      t.equal(document, documents[index]);
      const text = [[query, document]];
      const body = { text, is_cross_encoder_request: true };
      const [alone] = await post<{ embedding: number }[]>(`${url}/encode`, body);
      t.ok(Math.abs((alone?.embedding ?? NaN) - score) < 1e-5, 'the same alone as in a batch');
    }
    for (const path of ['/rerank', '/v2/rerank']) {
      const { results } = await post<RerankResults>(url + path, { query, documents, top_n: 2 });
      const wanted = ranked.slice(0, 2).map(({ index, score }) => ({
        index,
        relevance: isSquashed ? score : 1 / (1 + Math.exp(-score)),
      }));
      t.same(
        results.map(({ index }) => index),
        wanted.map(({ index }) => index),
      );
      results.forEach(({ relevance_score: relevance }, i) => {
        t.ok(Math.abs(relevance - (wanted[i]?.relevance ?? NaN)) < 1e-6, `${path}: a probability`);
      });
    }
    const golden = await goldenOf(model);
    const input_ids = golden.map(({ tokens }) => tokens);
    const scores = await post<{ embedding: number }[]>(`${url}/classify`, { input_ids });
    scores.forEach(({ embedding }, i) => {
      t.ok(distance([embedding], golden[i]?.vector ?? []) < 1e-4);
    });
  });
}

t.test('a causal classifier names labels', parallel(), async (t) => {
  const radish = await serve('qwen2-labels', '--skip-tokenizer-init');
  t.teardown(() => radish.stop());
  const golden = await goldenOf('qwen2-labels');
  const input = golden.map(({ tokens }) => tokens);
  const scores = await post<Encoded[]>(`${radish.url}/classify`, { input_ids: input });
  scores.forEach(({ embedding }, i) => {
    t.ok(distance(embedding, golden[i]?.vector ?? []) < 1e-4);
  });
  const { data } = await post<{ data: { probs: number[] }[] }>(`${radish.url}/v1/classify`, {
    input,
  });
  t.equal(data.length, input.length);
  for (const { probs } of data) {
    t.ok(Math.abs(probs.reduce((sum, one) => sum + one, 0) - 1) < 1e-6);
  }
});

t.test('/v1/score gives the probabilities that /generate reports', parallel(), async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const label_token_ids = [10, 300, 42];
  const { scores } = await post<{ scores: number[][] }>(`${radish.url}/v1/score`, {
    query: 'The capital of France',
    items: [' is', ' was'],
    label_token_ids,
  });
  const { meta_info } = await generate(radish.url, {
    text: 'The capital of France was',
    return_logprob: true,
    token_ids_logprob: label_token_ids,
    sampling_params: { temperature: 1, max_new_tokens: 1 },
  });
  const [rows] = meta_info['output_token_ids_logprobs'] as [number, number, null][][];
  const expected = (rows ?? []).map(([logprob]) => Math.exp(logprob));
  t.equal(expected.length, 3);
  t.ok(distance(expected, scores[1] ?? []) < 1e-5);
});
