import type { BlockType } from './block.js';
import { Q2_K, Q3_K, Q4_K, Q5_K, Q6_K } from './k-blocks.js';
import { Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 } from './simple-blocks.js';
import { IQ4_NL, IQ4_XS, MXFP4 } from './table-blocks.js';

/** All that can be unpacked, by ggml's names. */
export const BLOCK_TYPES = {
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ4_NL,
  IQ4_XS,
  MXFP4,
} as const satisfies Readonly<Record<string, BlockType>>;

export type BlockName = keyof typeof BLOCK_TYPES;
