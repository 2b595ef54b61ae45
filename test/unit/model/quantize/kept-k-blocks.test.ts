import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { randomBits } from '../../../../src/core/clock.js';
import { BLOCK_TYPES } from '../../../../src/model/weights/blocks/registry.js';
import { encodeF16 } from '../../../../src/model/weights/floats.js';
import { f32, ggufFile, text, u32, type GgufFileTensor } from '../../../doubles/gguf-file.js';
import { checkDecodeBits, checkPrefillBits } from '../bit-checks.js';
import { numKept } from '../kept-count.js';
import { keptKl, LARGEST_KL } from '../kept-kl.js';
import { prepareHere } from '../same-answers.js';

/** As wide as a block of a K type. */
const WIDTH = 256;
const VOCAB = 64;
const KV_WIDTH = 128;

/** ggml's number of a type, and where a block has halves, with such numbers that weights are about 0.05. */
const TYPES = {
  Q2_K: { id: 10, halves: { 80: 0.005, 82: 0.0075 } },
  Q3_K: { id: 11, halves: { 108: 0.0012 } },
  Q4_K: { id: 12, halves: { 0: 0.00017, 2: 0.00125 } },
  Q5_K: { id: 13, halves: { 0: 0.00008, 2: 0.00125 } },
} as const;
type TypeName = keyof typeof TYPES;

const METADATA = [
  ['general.architecture', text('llama')],
  ['llama.block_count', u32(1)],
  ['llama.context_length', u32(256)],
  ['llama.embedding_length', u32(WIDTH)],
  ['llama.feed_forward_length', u32(WIDTH)],
  ['llama.attention.head_count', u32(4)],
  ['llama.attention.head_count_kv', u32(2)],
  ['llama.attention.layer_norm_rms_epsilon', f32(1e-5)],
  ['llama.rope.freq_base', f32(10000)],
  ['llama.rope.dimension_count', u32(64)],
  ['llama.vocab_size', u32(VOCAB)],
] as const;

const inputIds = Array.from({ length: 41 }, (_, i) => (i * 23 + 5) % VOCAB);

interface KFile {
  /** Types of a layer's matrices, as llama-quantize mixes them. */
  readonly types: Readonly<Record<string, TypeName>>;
  readonly others: TypeName;
  /** How the runtime gets them. */
  readonly qkv: object;
  readonly gateUp: object;
  readonly down: object;
  /** Linears without blocks of 16. */
  readonly numLarge: number;
}

const FILES: Readonly<Record<string, KFile>> = {
  Q2_K: {
    types: { attn_v: 'Q4_K', attn_output: 'Q3_K', ffn_down: 'Q3_K' },
    others: 'Q2_K',
    qkv: parts(withSums(16), withSums(16), withSums(32)),
    gateUp: withSums(16),
    down: inBlocks(16),
    numLarge: 0,
  },
  // Nothing needs an even number of rows.
  'Q2_K alone': {
    types: {},
    others: 'Q2_K',
    qkv: withSums(16),
    gateUp: withSums(16),
    down: withSums(16),
    numLarge: 0,
  },
  Q3_K_M: {
    types: { attn_v: 'Q5_K', attn_output: 'Q4_K', ffn_down: 'Q4_K' },
    others: 'Q3_K',
    qkv: parts(inBlocks(16), inBlocks(16), { format: 'int8', blockSize: 32 }),
    gateUp: inBlocks(16),
    down: withSums(32),
    numLarge: 2,
  },
};

function parts(...each: readonly object[]): object {
  return { format: 'parts', parts: each };
}

function inBlocks(blockSize: number): object {
  return { format: 'int4', blockSize };
}

/** Of blocks, two digits each. */
function withSums(blockSize: number): object {
  return { ...inBlocks(blockSize), sumColumns: (2 * WIDTH) / blockSize };
}

for (const [name, { types, others, numLarge, ...expected }] of Object.entries(FILES)) {
  t.test(`a file of ${name} stays as it is in int4`, async (t) => {
    const folder = join(t.testdir({}), `${name}.gguf`);
    await writeFile(
      folder,
      llamaFile((matrix) => types[matrix] ?? others),
    );
    const cacheDir = join(t.testdirName, 'cache');
    t.equal(await numKept(folder), 4, 'all linears of the layer');
    t.equal(await numKept(folder, { isForMemory: true }), numLarge, 'blocks that are small enough');
    const prepared = await prepareHere(t, { folder, quantization: 'int4', cacheDir });
    const linears = prepared.quantized?.store.map.linears ?? {};
    t.match(linears['layers.0.qkv'], expected.qkv);
    t.match(linears['layers.0.gate_up'], expected.gateUp);
    t.match(linears['layers.0.down'], expected.down);
    await checkPrefillBits(t, prepared, inputIds);
    await checkDecodeBits(t, prepared, inputIds);
    const kl = await keptKl(t, { folder, inputIds, cacheDir });
    t.ok(kl > 0 && kl < LARGEST_KL, `KL ${kl}`);
  });
}

/** A Llama of one layer, of random blocks. */
function llamaFile(typeOf: (matrix: string) => TypeName): Buffer {
  const next = randomBits(11);
  const matrix = (name: string, rows: number): GgufFileTensor => {
    const type = typeOf(name);
    const { bytes: size } = BLOCK_TYPES[type];
    const bytes = Buffer.from(Array.from({ length: rows * size }, () => next() & 255));
    for (const [at, value] of Object.entries(TYPES[type].halves)) {
      for (let row = 0; row < rows; row++) {
        bytes.writeUInt16LE(encodeF16(Float32Array.of(value))[0] ?? NaN, row * size + Number(at));
      }
    }
    return { name: `blk.0.${name}.weight`, dimensions: [WIDTH, rows], type: TYPES[type].id, bytes };
  };
  const ones = Float32Array.from({ length: WIDTH }, () => 1);
  const vector = (name: string): GgufFileTensor => plain(name, [WIDTH], ones);
  const rows = Float32Array.from({ length: VOCAB * WIDTH }, () => (next() & 1023) / 5120 - 0.1);
  return ggufFile({
    metadata: METADATA,
    tensors: [
      plain('token_embd.weight', [WIDTH, VOCAB], rows),
      vector('output_norm.weight'),
      vector('blk.0.attn_norm.weight'),
      vector('blk.0.ffn_norm.weight'),
      ...['attn_q', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'].map((name) =>
        matrix(name, WIDTH),
      ),
      ...['attn_k', 'attn_v'].map((name) => matrix(name, KV_WIDTH)),
    ],
  });
}

function plain(name: string, dimensions: readonly number[], values: Float32Array): GgufFileTensor {
  return { name, dimensions, type: 0, bytes: new Uint8Array(values.buffer) };
}
