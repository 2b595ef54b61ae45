import t from 'tap';
import { flatError } from '../../../doubles/error-bodies.js';
import { CROSS_ENCODER, startEmbedApp } from './embed-app.js';

const flat = (message: string) => ({
  status: 400,
  json: flatError(400, 'BadRequestError', message),
});

t.test('/v1/embeddings: floats, base64, usage', async (t) => {
  const app = await startEmbedApp(t, { matryoshka: 'any' });
  app.scheduler.vectorOf = ({ tokens }) => [tokens.length, 0, 0, 0.25];
  const { json } = await app.post('/v1/embeddings', { input: ['a', 'bcd'], model: 'x' });
  t.strictSame(json, {
    object: 'list',
    data: [
      { object: 'embedding', embedding: [1, 0, 0, 0.25], index: 0 },
      { object: 'embedding', embedding: [3, 0, 0, 0.25], index: 1 },
    ],
    model: 'models/tiny',
    usage: {
      prompt_tokens: 4,
      total_tokens: 4,
      completion_tokens: 0,
      prompt_tokens_details: null,
      reasoning_tokens: 0,
    },
  });
  const encoded = await app.post('/v1/embeddings', { input: 'ab', encoding_format: 'base64' });
  const { data } = encoded.json as { data: { embedding: string }[] };
  const bytes = Buffer.from(data[0]?.embedding ?? '', 'base64');
  t.equal(bytes.length, 16);
  t.strictSame([bytes.readFloatLE(0), bytes.readFloatLE(12)], [2, 0.25]);
  const short = await app.post('/v1/embeddings', { input: [[1, 2], [3]], dimensions: 1 });
  t.match(short.json, { data: [{ embedding: [1] }, { embedding: [1], index: 1 }] });
  t.match((await app.post('/v1/embeddings', { input: [1, 2, 3] })).json, {
    data: [{ embedding: [3, 0, 0, 0.25] }],
  });
});

t.test('/v1/embeddings refuses in the words of SGLang', async (t) => {
  const app = await startEmbedApp(t);
  const refused: [unknown, string][] = [
    ['', 'Input cannot be empty'],
    [[], 'Input cannot be empty'],
    ['  ', 'Input cannot be empty or whitespace only'],
    [['a', ' '], 'Input at index 1 cannot be empty or whitespace only'],
    [['a', 1], 'All items in input list must be strings'],
    [[1, 'a'], 'All items in input list must be integers'],
    [[1, -1], 'Token ID at index 1 must be non-negative'],
    [[[1], 2], 'Input at index 1 must be a list'],
    [[[1], []], 'Input at index 1 cannot be empty'],
    [[[1], ['a']], 'Input at index 1 must contain only integers'],
    [[[1], [-2]], 'Input at index 1 contains negative token IDs'],
  ];
  for (const [input, message] of refused) {
    t.match(await app.post('/v1/embeddings', { input }), flat(message), message);
    if (typeof input === 'string') {
      t.match(await app.post('/v1/classify', { input }), flat(message));
    }
  }
  t.match(await app.post('/v1/embeddings', {}), { status: 400, json: { type: 'Bad Request' } });
  t.match(
    await app.post('/v1/embeddings', { input: 'a', encoding_format: 'int8' }),
    flat('encoding_format must be "float" or "base64", got "int8".'),
  );
  const headers = { 'content-type': 'text/plain' };
  t.match(await app.post('/v1/embeddings', { input: 'a' }, headers), {
    status: 400,
    json: { message: /Only 'application\/json' is allowed/ },
  });
});

t.test('/v1/rerank sorts by score', async (t) => {
  const app = await startEmbedApp(t, CROSS_ENCODER);
  app.scheduler.vectorOf = ({ tokens }) => [tokens.length - 4.5];
  const body = { model: 'x', query: 'q', documents: ['bb', 'dddd', 'a'] };
  const { status, json } = await app.post('/v1/rerank', body);
  t.equal(status, 200);
  const items = json as { score: number; document: string; index: number }[];
  t.match(items, [
    { score: 0.5, document: 'dddd', index: 1, meta_info: { prompt_tokens: 5, id: String } },
    { score: -1.5, document: 'bb', index: 0 },
    { score: -2.5, document: 'a', index: 2 },
  ]);
  t.equal(items.length, 3);
  const parts = [
    { type: 'text', text: '' },
    { type: 'text', text: 'q' },
  ];
  const asParts = await app.post('/v1/rerank', { ...body, query: parts });
  t.match(asParts.json, [{ meta_info: { prompt_tokens: 5 } }, {}, {}], 'a query in parts');
  const top = await app.post('/v1/rerank', { ...body, top_n: 1, return_documents: false });
  t.match(top.json, [{ score: 0.5, index: 1 }]);
  t.notOk((top.json as object[]).some((item) => 'document' in item));
});

t.test('/v1/rerank refuses in the words of SGLang', async (t) => {
  const app = await startEmbedApp(t, CROSS_ENCODER);
  const refused: [object, string][] = [
    [{ query: '', documents: ['a'] }, 'Query cannot be empty'],
    [{ query: ' ', documents: ['a'] }, 'Query cannot be empty or whitespace only'],
    [{ query: 'q', documents: [] }, 'Documents cannot be empty'],
    [{ query: 'q', documents: ['a', ''] }, 'Each document must be a non-empty string'],
    [{ query: 'q', documents: ['\n'] }, 'Each document cannot be empty or whitespace only'],
  ];
  for (const [body, message] of refused) t.match(await app.post('/v1/rerank', body), flat(message));
  for (const body of [
    { documents: ['a'] },
    { query: 'q' },
    { query: 5, documents: ['a'] },
    { query: [{ type: 'text' }], documents: ['a'] },
    { query: 'q', documents: ['a'], top_n: 0 },
  ])
    t.match(await app.post('/v1/rerank', body), { status: 400, json: { type: 'Bad Request' } });
  const embedder = await startEmbedApp(t);
  t.match(
    await embedder.post('/v1/rerank', { query: 'q', documents: ['a'] }),
    flat("Model 'models/tiny' does not score pairs of texts: /v1/rerank needs a cross-encoder."),
  );
});

t.test('/v1/classify names the most probable label', async (t) => {
  const labels = ['low', 'mid', 'high'];
  const app = await startEmbedApp(t, { kind: 'classification', dim: 3, pooling: ['last'], labels });
  app.scheduler.vectorOf = ({ tokens }) => (tokens.length > 1 ? [0, Math.log(2), 0] : [9, 0, 0]);
  const { json } = await app.post('/v1/classify', { input: ['ab', 'c'], model: 'x' });
  const { data, ...rest } = json as { data: { label: string; probs: number[] }[] };
  t.match(rest, {
    id: /^classify-[0-9a-f]{32}$/,
    object: 'list',
    created: Number,
    model: 'org/tiny',
    usage: { prompt_tokens: 3, total_tokens: 3, completion_tokens: 0 },
  });
  t.match(data, [
    { index: 0, label: 'mid', num_classes: 3 },
    { index: 1, label: 'low' },
  ]);
  t.same(
    data[0]?.probs.map((value) => value.toFixed(6)),
    ['0.250000', '0.500000', '0.250000'],
  );
  const embedder = await startEmbedApp(t);
  const refused = await embedder.post('/v1/classify', { input: 'a' });
  t.match(refused, flat("Model 'models/tiny' is not a classification model: it has no labels."));
});

t.test('a model that labels tokens answers for each of them', async (t) => {
  const labels = ['O', 'NAME'];
  const spec = { kind: 'classification', dim: 2, pooling: ['tokens'], labels } as const;
  const app = await startEmbedApp(t, spec);
  app.scheduler.vectorOf = ({ tokens }) => [...tokens].flatMap((id) => [0, id === 98 ? 9 : -9]);
  const { json } = await app.post('/v1/classify', { input: ['ab'] });
  t.match(json, {
    data: [
      {
        index: 0,
        tokens: [
          { label: 'O', probs: [Number, Number] },
          { label: 'NAME', probs: [Number, Number] },
        ],
        num_classes: 2,
        prompt_token_ids: [97, 98],
      },
    ],
  });
  const { json: native } = await app.post('/classify', { text: 'ab' });
  t.match(native, {
    embedding: [
      [0, -9],
      [0, 9],
    ],
  });
});

t.test('/embed_sparse lists what is not 0', async (t) => {
  const app = await startEmbedApp(t, { kind: 'sparse', dim: 4, pooling: ['max'] });
  app.scheduler.vectorOf = ({ tokens }) => [0, tokens.length, 0, 0.5];
  const expected = [
    [
      { index: 1, value: 2 },
      { index: 3, value: 0.5 },
    ],
  ];
  t.strictSame((await app.post('/embed_sparse', { inputs: 'ab' })).json, expected);
  t.strictSame((await app.post('/embed_sparse', { inputs: ['ab'] })).json, expected);
  t.strictSame((await app.post('/embed_sparse', { inputs: [[7, 8]] })).json, expected);
  const long = { inputs: 'a'.repeat(50) };
  t.equal((await app.post('/embed_sparse', long)).status, 400);
  t.equal((await app.post('/embed_sparse', { ...long, truncate: true })).status, 200);
  for (const inputs of [7, [], ['a', 7], null]) {
    t.equal((await app.post('/embed_sparse', { inputs })).status, 400);
  }
  const { json } = await app.post('/encode', { text: 'ab' });
  t.match(json, { embedding: { 1: 2, 3: 0.5 } });
  const embedder = await startEmbedApp(t);
  t.match(
    await embedder.post('/embed_sparse', { inputs: 'a' }),
    flat("Model 'models/tiny' does not make sparse vectors: /embed_sparse needs a SPLADE model."),
  );
});

t.test('/rerank and /v2/rerank have Jina’s and Cohere’s results', async (t) => {
  const app = await startEmbedApp(t, CROSS_ENCODER);
  app.scheduler.vectorOf = ({ tokens }) => [tokens.length - 4];
  const body = { model: 'm', query: 'q', documents: ['a', 'bcdef', { text: 'bc' }] };
  const { json: jina } = await app.post('/rerank', { ...body, top_n: 2 });
  const { id, ...rest } = jina as { id: string };
  t.match(id, /./);
  const [best, second] = [5, 2].map((length) => length + 1 - 4);
  const sigmoid = (x = 0): number => 1 / (1 + Math.exp(-x));
  t.strictSame(rest, {
    object: 'list',
    model: 'm',
    usage: { prompt_tokens: 11, total_tokens: 11 },
    results: [
      { index: 1, relevance_score: sigmoid(best), document: { text: 'bcdef' } },
      { index: 2, relevance_score: sigmoid(second), document: { text: 'bc' } },
    ],
  });
  const { json: cohere } = await app.post('/v2/rerank', { ...body, max_tokens_per_doc: 4096 });
  t.match(cohere, { meta: { api_version: { version: '2' } } });
  const { results } = cohere as { results: readonly object[] };
  t.strictSame(
    results.map((one) => Object.keys(one)),
    [0, 1, 2].map(() => ['index', 'relevance_score']),
  );

  const squashed = await startEmbedApp(t, { ...CROSS_ENCODER, squashes: true });
  squashed.scheduler.vectorOf = () => [0.25];
  const once = await squashed.post('/v2/rerank', { query: 'q', documents: ['a'] });
  t.match(once.json, { results: [{ relevance_score: 0.25 }] });

  for (const path of ['/rerank', '/v2/rerank']) {
    t.match(await app.post(path, { query: 'q', documents: [] }), flat('Documents cannot be empty'));
    const wrong = await app.post(path, { query: 'q', documents: [{ title: 'no text' }] });
    t.match(wrong, { status: 400, json: { type: 'Bad Request' } });
  }
});
