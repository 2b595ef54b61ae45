import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import type { JsonObject } from '../../../../../src/model/source/model-source.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import {
  bool,
  f32,
  ggufFile,
  text,
  u32,
  u32s,
  type GgufFileTensor,
  type Meta,
} from '../../../../doubles/gguf-file.js';

interface Changes {
  /** Null = the key is left out. */
  readonly metadata?: Readonly<Record<string, Meta | null>>;
  readonly tensors?: readonly GgufFileTensor[];
}

/** A tensor of ones in f32; dimensions as PyTorch has them. */
function tensor(name: string, ...shape: number[]): GgufFileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(new Float32Array(count).fill(1).buffer);
  return { name, dimensions: [...shape].reverse(), type: 0, bytes };
}

/** A file of two layers with four heads of 8, two of them of keys. */
async function fileOf(t: Test, name: string, { metadata = {}, tensors = [] }: Changes) {
  const sizes: Readonly<Record<string, Meta | null>> = {
    block_count: u32(2),
    embedding_length: u32(32),
    feed_forward_length: u32(16),
    context_length: u32(64),
    'attention.head_count': u32(4),
    'attention.head_count_kv': u32(2),
    'attention.layer_norm_rms_epsilon': f32(1e-5),
    ...metadata,
  };
  const entries = Object.entries(sizes).flatMap(([key, value]) =>
    value === null ? [] : [[`${name}.${key}`, value] as const],
  );
  const path = join(t.testdir(), 'm.gguf');
  const bytes = ggufFile({
    metadata: [['general.architecture', text(name)], ...entries],
    tensors: [tensor('token_embd.weight', 4, 32), ...tensors],
  });
  await writeFile(path, bytes);
  return openSource(path);
}

function flags(...values: boolean[]): Meta {
  return { type: 'list', of: 'bool', value: values.map(bool) };
}

t.test('a file that says what no network can be is refused by its key', async (t) => {
  const refused: readonly (readonly [string, Changes, RegExp])[] = [
    ['lfm2', { metadata: { block_count: u32(2 ** 31) } }, /block_count" must be an integer from/],
    [
      'lfm2',
      { metadata: { 'attention.head_count_kv': u32s([0, 2, 0]), 'shortconv.l_cache': u32(3) } },
      /head_count_kv" must be a list of 2 numbers/,
    ],
    [
      'jamba',
      {
        metadata: {
          block_count: u32(4),
          'attention.head_count_kv': u32s([2, 2, 0, 2]),
          'ssm.inner_size': u32(64),
        },
      },
      /layers of a kind that do not come at regular distances \("attn_layer_period"\)/,
    ],
    [
      'olmo2',
      {
        metadata: {
          'attention.sliding_window': u32(8),
          'attention.sliding_window_pattern': flags(true),
        },
      },
      /sliding_window_pattern" must be a list of 2 times true or false/,
    ],
    ['qwen2', { metadata: { 'rope.dimension_count': u32(4) } }, /must be 8 like a head, got 4/],
    [
      'qwen2',
      { tensors: [tensor('rope_factors_long.weight', 3)] },
      /"rope_factors_long\.weight" has 3 factors for heads of 8/,
    ],
    [
      'deepseek2',
      { metadata: { 'rope.dimension_count': u32(4), 'attention.key_length': u32(12) } },
      /"deepseek2\.attention\.kv_lora_rank" must be a number, and it is missing/,
    ],
    ['gpt-oss', {}, /"gpt-oss\.expert_feed_forward_length" must be a number/],
  ];
  for (const [name, changes, message] of refused) {
    const source = await fileOf(t, name, changes);
    await t.rejects(source.config(), { code: 'bad_config', message }, `${name}: ${message.source}`);
  }
});

t.test('rows that should be those of q, k and v are counted', async (t) => {
  const source = await fileOf(t, 'qwen2', { tensors: [tensor('blk.0.attn_qkv.weight', 63, 32)] });
  await t.rejects(source.weights(), {
    message: /"blk\.0\.attn_qkv\.weight" has 63 rows, and its parts should have 64\.$/,
  });
});

t.test('each expert of an older file has a tensor of its own', async (t) => {
  const source = await fileOf(t, 'llama', {
    metadata: { expert_count: u32(2), expert_used_count: u32(1) },
    tensors: [
      tensor('blk.1.ffn_gate.0.weight', 16, 32),
      tensor('blk.1.ffn_gate.1.weight', 16, 32),
      tensor('blk.1.ffn_gate.99999999.weight', 16, 32),
    ],
  });
  const { tensors } = await source.weights();
  t.same([...tensors.keys()].slice(1), [
    'model.layers.1.block_sparse_moe.experts.0.w1.weight',
    'model.layers.1.block_sparse_moe.experts.1.w1.weight',
  ]);
  t.equal((await source.config())['architectures']?.toString(), 'MixtralForCausalLM');
});

t.test('a reranker of Qwen3 is a classifier of yes and no', async (t) => {
  const rows = tensor('cls.output.weight', 2, 32);
  const source = await fileOf(t, 'qwen3', { tensors: [rows] });
  const { architectures, id2label } = await source.config();
  t.same(
    { architectures, id2label },
    {
      architectures: ['Qwen3ForSequenceClassification'],
      id2label: { 0: 'yes', 1: 'no' },
    },
  );
  t.same((await source.weights()).tensors.get('score.weight')?.shape, [2, 32]);
});

t.test('what turns of a head comes out of its share again', async (t) => {
  for (const dims of [2, 4, 6]) {
    const metadata = { 'rope.dimension_count': u32(dims), 'attention.key_length': u32(58) };
    const config: JsonObject = await (await fileOf(t, 'glm4', { metadata })).config();
    t.equal(Math.trunc(58 * Number(config['partial_rotary_factor'])), dims);
  }
});
