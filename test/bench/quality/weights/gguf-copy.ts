import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  f32 as f32Meta,
  ggufFile,
  text,
  u32,
  type GgufFileTensor,
} from '../../../doubles/gguf-file.js';
import { ggufTokenizer, type TokenizerJson } from '../../../doubles/gguf-tokenizer.js';
import { HEAD, readLlamaConfig, readWeights, type LlamaConfig } from './rotated-copy.js';

interface ShapeConfig extends LlamaConfig {
  readonly intermediate_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim?: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
}

/** ggml's number of plain f32, and of a file that is all of it. */
const F32 = 0;

const NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** How llama.cpp cuts texts for this tokenizer, and its special tokens; of SmolLM2. */
const TOKENIZER = {
  kind: 'gpt2',
  pre: 'smollm',
  roles: {
    bos: '<|im_start|>',
    eos: '<|im_end|>',
    unknown: '<|endoftext|>',
    padding: '<|im_end|>',
  },
  addBos: false,
  addSpacePrefix: false,
} as const;

/** Writes the f32 GGUF of a Llama folder with SmolLM2's tokenizer: what llama.cpp's own tools start from. */
export async function writeGguf(folder: string, target: string): Promise<void> {
  const config = (await readLlamaConfig(folder)) as ShapeConfig;
  const tokenizer = JSON.parse(
    await readFile(join(folder, 'tokenizer.json'), 'utf8'),
  ) as TokenizerJson;
  const weights = await readWeights(folder);
  if (!weights.has(HEAD)) throw new Error(`${folder} has no ${HEAD}`);
  const tensors = [...weights].map(([name, { shape, values }]): GgufFileTensor => {
    const heads = headsOf(name, config);
    const rows = heads === null ? values : pairedRows(values, heads, config.hidden_size);
    const bytes = new Uint8Array(rows.buffer);
    return { name: ggufName(name), dimensions: shape.toReversed(), type: F32, bytes };
  });
  const metadata = [...shapeMetadata(config), ...ggufTokenizer(tokenizer, TOKENIZER)];
  await writeFile(target, ggufFile({ metadata, tensors }));
}

function shapeMetadata(config: ShapeConfig) {
  const headDim = config.head_dim ?? config.hidden_size / config.num_attention_heads;
  return [
    ['general.architecture', text('llama')],
    ['general.file_type', u32(F32)],
    ['general.quantization_version', u32(2)],
    ['llama.block_count', u32(config.num_hidden_layers)],
    ['llama.context_length', u32(config.max_position_embeddings)],
    ['llama.embedding_length', u32(config.hidden_size)],
    ['llama.feed_forward_length', u32(config.intermediate_size)],
    ['llama.attention.head_count', u32(config.num_attention_heads)],
    ['llama.attention.head_count_kv', u32(config.num_key_value_heads)],
    ['llama.attention.key_length', u32(headDim)],
    ['llama.attention.value_length', u32(headDim)],
    ['llama.rope.freq_base', f32Meta(config.rope_theta)],
    ['llama.rope.dimension_count', u32(headDim)],
    ['llama.attention.layer_norm_rms_epsilon', f32Meta(config.rms_norm_eps)],
  ] as const;
}

function ggufName(name: string): string {
  const [, layer, part = ''] = /^(?:model\.layers\.(\d+)\.)?(.+)\.weight$/.exec(name) ?? [];
  const known = NAMES[part];
  if (known === undefined) throw new Error(`${name} has no place in a GGUF file`);
  return `${layer === undefined ? '' : `blk.${layer}.`}${known}.weight`;
}

function headsOf(name: string, config: ShapeConfig): number | null {
  if (name.endsWith('q_proj.weight')) return config.num_attention_heads;
  if (name.endsWith('k_proj.weight')) return config.num_key_value_heads;
  return null;
}

/** ggml turns neighbours where transformers turns the halves of a head: rows 0, d/2, 1, d/2 + 1, … of each. */
function pairedRows(rows: Float32Array, heads: number, width: number): Float32Array {
  const result = new Float32Array(rows.length);
  const headDim = rows.length / width / heads;
  for (let row = 0; row < rows.length / width; row++) {
    const inHead = row % headDim;
    const half = headDim / 2;
    const place = row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
    result.set(rows.subarray(row * width, (row + 1) * width), place * width);
  }
  return result;
}
