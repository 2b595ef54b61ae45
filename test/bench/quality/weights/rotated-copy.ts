import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { decodeFloats, encodeF16 } from '../../../../src/model/weights/floats.js';
import { f32, safetensorsFile, type FileTensor } from '../../../unit/model/safetensors-file.js';
import { randomOrthogonal, timesSquare, transposed, type Square } from './orthogonal.js';

/** Numbers of a weight, its shape beside them. */
export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type Weights = ReadonlyMap<string, Weight>;

/** Where the matrices of a Llama read from the residual stream: behind which norm. */
const READERS: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'input_layernorm',
  'self_attn.k_proj': 'input_layernorm',
  'self_attn.v_proj': 'input_layernorm',
  'mlp.gate_proj': 'post_attention_layernorm',
  'mlp.up_proj': 'post_attention_layernorm',
};
const WRITERS = ['self_attn.o_proj', 'mlp.down_proj'];
const EMBEDDING = 'model.embed_tokens.weight';
const FINAL_NORM = 'model.norm.weight';
export const HEAD = 'lm_head.weight';
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];
const SEED = 17;

export interface LlamaConfig {
  readonly architectures: readonly string[];
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
}

/**
 * Writes a Llama whose residual stream is turned by a random orthogonal matrix: the same function, other weights.
 * A checkpoint that was dequantised from four bits has a grid of its own, which block formats find again; turned,
 * its weights are as anybody's. The gains of norms go into the matrices behind them; a shared table is two.
 */
export async function writeRotated(
  folder: string,
  target: string,
  dtype: 'F16' | 'F32' = 'F16',
): Promise<void> {
  const config = await readLlamaConfig(folder);
  const weights = rotated(await readWeights(folder), config);
  await mkdir(target, { recursive: true });
  const tensors = [...weights].map(([name, weight]) => [name, stored(weight, dtype)] as const);
  await writeFile(join(target, 'model.safetensors'), safetensorsFile(Object.fromEntries(tensors)));
  const names = await readdir(folder);
  for (const name of TOKENIZER_FILES.filter((name) => names.includes(name))) {
    await copyFile(join(folder, name), join(target, name));
  }
  // Last: a folder without it is no model, so one that was not finished is made again.
  const torchDtype = dtype === 'F16' ? 'float16' : 'float32';
  const changed = { ...config, tie_word_embeddings: false, torch_dtype: torchDtype };
  await writeFile(join(target, 'config.json'), JSON.stringify(changed, null, 2));
}

export async function readLlamaConfig(folder: string): Promise<LlamaConfig> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as LlamaConfig;
  const architecture = config.architectures[0];
  if (architecture !== 'LlamaForCausalLM') {
    throw new Error(`only LlamaForCausalLM can be turned, not ${String(architecture)}`);
  }
  return config;
}

/** All tensors of a folder as f32. */
export async function readWeights(folder: string): Promise<Weights> {
  const { files, tensors } = await openCheckpoint(folder);
  const bytes = new Map<string, Buffer>();
  for (const { path } of files) bytes.set(path, await readFile(path));
  const weights = [...tensors].map(([name, { path, offset, byteLength, dtype, shape }]) => {
    if (dtype === null || dtype === 'i8' || dtype === 'u8') throw new Error(`${name} is packed`);
    // A copy of its own begins at 0, as typed arrays want it.
    const data = Uint8Array.from(bytes.get(path)?.subarray(offset, offset + byteLength) ?? []);
    return [name, { shape, values: decodeFloats(data, dtype as 'f32' | 'f16' | 'bf16') }] as const;
  });
  return new Map(weights);
}

function rotated(
  weights: Weights,
  { hidden_size: size, num_hidden_layers: numLayers }: LlamaConfig,
): Weights {
  const turn = randomOrthogonal(size, SEED);
  const back = transposed(turn);
  const result = new Map<string, Weight>();
  const get = (name: string): Weight => {
    const weight = weights.get(name);
    if (weight === undefined) throw new Error(`${name} is not in the checkpoint`);
    return weight;
  };
  const reader = (name: string, source: Weight, norm: string) => {
    result.set(name, timesTurn(withGain(source, get(norm).values), turn));
    result.set(norm, ones(size));
  };
  const embedding = get(EMBEDDING);
  result.set(EMBEDDING, timesTurn(embedding, turn));
  reader(HEAD, weights.get(HEAD) ?? embedding, FINAL_NORM);
  for (let layer = 0; layer < numLayers; layer++) {
    const nameOf = (part: string) => `model.layers.${layer}.${part}.weight`;
    for (const [part, norm] of Object.entries(READERS)) {
      reader(nameOf(part), get(nameOf(part)), nameOf(norm));
      // Added behind the product, in a space that is not turned.
      const bias = `model.layers.${layer}.${part}.bias`;
      if (weights.has(bias)) result.set(bias, get(bias));
    }
    for (const part of WRITERS) result.set(nameOf(part), turnedOutputs(get(nameOf(part)), back));
  }
  const left = [...weights.keys()].filter((name) => !result.has(name));
  if (left.length > 0) throw new Error(`cannot turn ${left.join(', ')}`);
  return result;
}

/** `[out, in]` with each column times the gain of its input. */
function withGain({ shape, values }: Weight, gain: Float32Array): Weight {
  const scaled = values.map((value, i) => value * (gain[i % gain.length] as number));
  return { shape, values: scaled };
}

function timesTurn({ shape, values }: Weight, turn: Square): Weight {
  return { shape, values: timesSquare(values, turn) };
}

/** `Rᵀ · W` of a `[hidden, in]`: each row a sum of all rows of W. `back` is Rᵀ. */
function turnedOutputs({ shape, values }: Weight, back: Square): Weight {
  const [size = 0, width = 0] = shape;
  const result = new Float32Array(values.length);
  const sums = new Float64Array(width);
  for (let i = 0; i < size; i++) {
    sums.fill(0);
    for (let k = 0; k < size; k++) {
      const factor = back.values[i * size + k] as number;
      for (let j = 0; j < width; j++) {
        sums[j] = (sums[j] as number) + factor * (values[k * width + j] as number);
      }
    }
    result.set(sums, i * width);
  }
  return { shape, values: result };
}

function ones(size: number): Weight {
  return { shape: [size], values: new Float32Array(size).fill(1) };
}

function stored({ shape, values }: Weight, dtype: 'F16' | 'F32'): FileTensor {
  if (dtype === 'F32') return f32(shape, values);
  const halves = encodeF16(values);
  return { dtype, shape, data: Buffer.from(halves.buffer) };
}
