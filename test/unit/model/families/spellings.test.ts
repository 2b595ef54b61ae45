import t from 'tap';

import { isPooled } from '../../../../src/model/pooled/registry.js';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { prepareModel } from '../../../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';
import { goldenFolder } from '../golden.js';
import { TINY_SIZES } from './tiny-sizes.js';

const CHATGLM = {
  architectures: ['ChatGLMModel'],
  padded_vocab_size: 96,
  num_layers: 2,
  hidden_size: 64,
  ffn_hidden_size: 128,
  kv_channels: 16,
  num_attention_heads: 4,
  multi_query_attention: true,
  multi_query_group_num: 2,
  seq_length: 4096,
  rope_ratio: 500,
};
const MINICPM = { ...TINY_SIZES, architectures: ['MiniCPMForCausalLM'] };

t.test('fields have the names of the architecture, in complaints too', (t) => {
  t.match(readDecoder(CHATGLM).config, {
    vocabSize: 96,
    numKvHeads: 2,
    derivedContextLength: 4096,
    rope: { type: 'default', theta: 5e6 },
  });
  t.throws(() => readDecoder({ ...CHATGLM, ffn_hidden_size: 0 }), {
    message: /"ffn_hidden_size" must be a positive integer, got 0/,
  });
  t.throws(() => readDecoder({ ...CHATGLM, rmsnorm: false }), {
    message: /"rmsnorm" must be true, got false/,
  });
  t.throws(() => readDecoder({ ...CHATGLM, pre_seq_len: 128 }), { message: /"pre_seq_len"/ });
  const alone = { ...CHATGLM, multi_query_attention: false };
  t.equal(readDecoder(alone).config.numKvHeads, 4);
  t.end();
});

t.test('a network that generates does so by whatever name', (t) => {
  t.notOk(isPooled(CHATGLM, null, false));
  t.ok(isPooled({ ...TINY_SIZES, architectures: ['LlamaModel'] }, null, false));
  t.end();
});

t.test(
  'MiniCPM: factors by how many positions there are, and what is sparse is out of reach',
  (t) => {
    const [short_factor, long_factor] = [0.5, 2].map((factor) => new Array<number>(8).fill(factor));
    const rope = (original: number, more = {}) =>
      readDecoder({
        ...MINICPM,
        rope_scaling: {
          rope_type: 'longrope',
          short_factor,
          long_factor,
          original_max_position_embeddings: original,
          ...more,
        },
      }).config.rope;
    t.match(rope(2048), { factors: short_factor, magnitude: 1 });
    t.match(rope(1024), { factors: long_factor, magnitude: Math.sqrt(1.1) });
    t.throws(() => rope(2048, { short_factor: [1] }), { message: /"short_factor".* 8 positive/ });
    const sparse = (sparse_config: object) => readDecoder({ ...MINICPM, sparse_config }).config;
    t.equal(sparse({ dense_len: 1024 }).derivedContextLength, 1024);
    t.equal(sparse({}).derivedContextLength, 2048);
    t.throws(() => readDecoder({ ...MINICPM, num_experts: 8 }), {
      message: /"num_experts" must be 0/,
    });
    t.end();
  },
);

t.test('layers that predict further tokens are left out without a word', async (t) => {
  const warnings: string[] = [];
  await prepareModel(
    {
      folder: goldenFolder('mimo'),
      quantization: 'none',
      loadFormat: 'safetensors',
      contextLength: null,
    },
    { ...BUILD_DEPS, warn: (message) => warnings.push(message) },
  );
  t.same(warnings, []);
});
