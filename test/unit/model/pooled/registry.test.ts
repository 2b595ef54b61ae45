import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { isPooled, readPooledModel } from '../../../../src/model/pooled/registry.js';
import { pooledFolder, pooledNames, preparePooled } from '../pooled-golden.js';

const BERT = {
  architectures: ['BertModel'],
  vocab_size: 96,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 512,
};
const CAUSAL = { ...BERT, architectures: ['Qwen3ForCausalLM'] };
const MODULES = { transformer: '', pooling: ['mean'], after: [], isSparse: false } as const;

t.test('a folder embeds by its architecture, its modules or as asked', (t) => {
  t.equal(isPooled(BERT, null, false), true);
  t.equal(isPooled(CAUSAL, null, false), false);
  t.equal(isPooled({ ...CAUSAL, architectures: ['GPT2LMHeadModel'] }, null, false), false);
  t.equal(isPooled(CAUSAL, MODULES, false), true);
  t.equal(isPooled(CAUSAL, null, true), true);
  const other = { ...CAUSAL, architectures: ['Qwen2AudioForCausalLM'] };
  t.equal(isPooled(other, MODULES, false), true);
  t.equal(isPooled(other, null, false), false);
  t.throws(() => readPooledModel(other, null), {
    message: /'Qwen2AudioForCausalLM' is not supported as an embedding model\. The nearest/,
  });
  t.end();
});

t.test('an embedding folder of no known class is told which ones embed', async (t) => {
  for (const [architecture, modules] of [
    ['BigBirdForMaskedLM', MODULES],
    ['CanineModel', null],
    ['FNetForSequenceClassification', null],
  ] as const) {
    const json = { ...BERT, architectures: [architecture] };
    t.equal(isPooled(json, modules, false), true);
    t.throws(() => readPooledModel(json, modules), {
      message:
        /is not supported as an embedding model\. The nearest of the supported architectures: \w+, /,
    });
  }
  const folder = join(t.testdir({}), 'dense');
  await cp(pooledFolder('st-all'), folder, { recursive: true });
  const path = join(folder, '0_Transformer', 'config.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('BertModel', 'CanineModel'));
  await t.rejects(preparePooled(folder), { message: /'CanineModel' is not supported as an embed/ });
});

t.test('without modules.json encoders take the first token, causal models the last', (t) => {
  const pooling = (json: object) => readPooledModel(json, null).embedding;
  t.match(pooling(BERT), { pooling: ['cls'], normalize: true, dim: 32, kind: 'embedding' });
  t.match(pooling({ ...CAUSAL, architectures: ['LlamaModel'] }), { pooling: ['last'] });
  t.match(readPooledModel(BERT, MODULES).embedding, { pooling: ['mean'], normalize: false });
  t.end();
});

t.test('labels come from id2label, num_labels or the default of two', (t) => {
  const classifier = { ...BERT, architectures: ['XLMRobertaForSequenceClassification'] };
  const labels = (change: object) =>
    readPooledModel({ ...classifier, ...change }, null).embedding.labels;
  t.same(labels({}), ['LABEL_0', 'LABEL_1']);
  t.same(labels({ num_labels: 1 }), ['LABEL_0']);
  const names = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [String(i), `is ${i}`]));
  t.same(labels({ id2label: names }), Object.values(names));
  t.match(readPooledModel(classifier, null).embedding, { kind: 'classification', dim: 2 });
  t.end();
});

t.test(
  'a cross-encoder names its last function in either spelling of sentence-transformers',
  (t) => {
    const squashes = (change: object) => {
      const classifier = {
        ...BERT,
        architectures: ['BertForSequenceClassification'],
        num_labels: 1,
      };
      return readPooledModel({ ...classifier, ...change }, null).embedding.squashes;
    };
    const [sigmoid, identity] = ['activation.Sigmoid', 'linear.Identity'].map(
      (name) => `torch.nn.modules.${name}`,
    );
    t.equal(squashes({}), false);
    t.equal(squashes({ sbert_ce_default_activation_function: sigmoid }), true);
    t.equal(
      squashes({ sentence_transformers: { activation_fn: sigmoid, version: '5.7.0' } }),
      true,
    );
    const both = { sbert_ce_default_activation_function: sigmoid };
    t.equal(squashes({ ...both, sentence_transformers: { activation_fn: identity } }), false);
    t.equal(squashes({ ...both, sentence_transformers: { version: '5.7.0' } }), true);
    t.end();
  },
);

t.test('matryoshka dimensions are read', (t) => {
  const matryoshka = (change: object) =>
    readPooledModel({ ...BERT, ...change }, null).embedding.matryoshka;
  t.equal(matryoshka({}), null);
  t.equal(matryoshka({ is_matryoshka: true }), 'any');
  t.same(matryoshka({ is_matryoshka: true, matryoshka_dimensions: [8, 16] }), [8, 16]);
  t.end();
});

const REFUSED: readonly [what: string, change: Record<string, unknown>, message: RegExp][] = [
  ['an activation', { hidden_act: 'xielu' }, /"hidden_act" 'xielu' is not supported/],
  [
    'relative positions',
    { position_embedding_type: 'relative_key' },
    /"position_embedding_type" must/,
  ],
  ['a decoder', { is_decoder: true }, /"is_decoder" must be false/],
  ['heads that do not divide', { num_attention_heads: 5 }, /"num_attention_heads" must be/],
  [
    'no positions',
    { architectures: ['RobertaModel'], max_position_embeddings: 2 },
    /"max_position_embeddings" must be more/,
  ],
  [
    'an unknown score function',
    {
      architectures: ['BertForSequenceClassification'],
      sbert_ce_default_activation_function: 'torch.nn.modules.activation.Softmax',
    },
    /Softmax' is not supported/,
  ],
];

for (const [what, change, message] of REFUSED) {
  t.test(`${what} is refused, naming the field`, (t) => {
    t.throws(() => readPooledModel({ ...BERT, ...change }, null), { message });
    t.end();
  });
}

t.test('positions of RoBERTa begin after the padding', async (t) => {
  const { spec } = await preparePooled(pooledFolder('xlmr-cls'));
  t.match(spec, { contextLength: 62, format: 'none', modelType: 'xlm-roberta' });
});

t.test('every fixture says what it answers with', async (t) => {
  for (const name of await pooledNames()) {
    const { spec } = await preparePooled(pooledFolder(name), name.endsWith('-causal'));
    const isHead = /-(cross|labels|reward|tokens)$/.test(name);
    const kind = name.startsWith('splade') ? 'sparse' : 'embedding';
    t.equal(spec.embedding?.kind, isHead ? 'classification' : kind, name);
  }
});

t.test('old names of LayerNorm parameters are understood', async (t) => {
  const folder = join(t.testdir({}), 'old');
  await cp(pooledFolder('bert-mean'), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path, 'latin1');
  const renamed = file
    .replaceAll('LayerNorm.weight"', 'LayerNorm.gamma" ')
    .replaceAll('LayerNorm.bias"', 'LayerNorm.beta"');
  await rm(path);
  await writeFile(path, renamed, 'latin1');
  t.equal((await preparePooled(folder)).spec.embedding?.dim, 32);
});

t.test('a Dense needs its weights beside it and the width before it', async (t) => {
  const folder = join(t.testdir({}), 'dense');
  await cp(pooledFolder('bert-dense'), folder, { recursive: true });
  t.match((await preparePooled(folder)).spec.embedding, { dim: 24, normalize: false });
  const dense = join(folder, '2_Dense');
  const config = await readFile(join(dense, 'config.json'), 'utf8');
  await rm(dense, { recursive: true });
  await mkdir(dense);
  await writeFile(join(dense, 'config.json'), config);
  await t.rejects(preparePooled(folder), { code: 'bad_checkpoint' });
  await writeFile(join(dense, 'config.json'), config.replace('32', '31'));
  await t.rejects(preparePooled(folder), { message: /"in_features" must be 32, got 31/ });
});
