import { BLOCK_TYPES } from '../../weights/blocks/registry.js';
import type { BlockPacking } from '../../weights/packing.js';

/** How one type of ggml's lies in a file. */
export interface TensorType {
  readonly name: string;
  /** Numbers of a block, and its bytes; plain numbers are blocks of one. */
  readonly elements: number;
  readonly bytes: number;
  /** Null = it cannot be unpacked here. */
  readonly encoding: BlockPacking['encoding'] | null;
}

function blocks(name: keyof typeof BLOCK_TYPES): TensorType {
  const { elements, bytes } = BLOCK_TYPES[name];
  return { name, elements, bytes, encoding: name };
}

function unread(name: string, elements: number, bytes: number): TensorType {
  return { name, elements, bytes, encoding: null };
}

/** By ggml's numbers. Those that cannot be unpacked have their sizes, so that a file with them can be checked. */
export const TENSOR_TYPES: Readonly<Record<number, TensorType>> = {
  0: { name: 'F32', elements: 1, bytes: 4, encoding: 'f32' },
  1: { name: 'F16', elements: 1, bytes: 2, encoding: 'f16' },
  2: blocks('Q4_0'),
  3: blocks('Q4_1'),
  6: blocks('Q5_0'),
  7: blocks('Q5_1'),
  8: blocks('Q8_0'),
  9: unread('Q8_1', 32, 40),
  10: blocks('Q2_K'),
  11: blocks('Q3_K'),
  12: blocks('Q4_K'),
  13: blocks('Q5_K'),
  14: blocks('Q6_K'),
  15: unread('Q8_K', 256, 292),
  16: unread('IQ2_XXS', 256, 66),
  17: unread('IQ2_XS', 256, 74),
  18: unread('IQ3_XXS', 256, 98),
  19: unread('IQ1_S', 256, 50),
  20: blocks('IQ4_NL'),
  21: unread('IQ3_S', 256, 110),
  22: unread('IQ2_S', 256, 82),
  23: blocks('IQ4_XS'),
  24: unread('I8', 1, 1),
  25: unread('I16', 1, 2),
  26: unread('I32', 1, 4),
  27: unread('I64', 1, 8),
  28: unread('F64', 1, 8),
  29: unread('IQ1_M', 256, 56),
  30: { name: 'BF16', elements: 1, bytes: 2, encoding: 'bf16' },
  34: unread('TQ1_0', 256, 54),
  35: unread('TQ2_0', 256, 66),
  39: blocks('MXFP4'),
  40: unread('NVFP4', 64, 36),
  41: unread('Q1_0', 128, 18),
};
