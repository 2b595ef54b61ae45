/** Types whose blocks are codes of four bits: each 32 numbers are `code * scale + minimum`. */
import { halfAt } from '../half.js';
import { codesOfQ4K } from './k-blocks.js';
import type { BlockName } from './registry.js';
import { readPairs } from './simple-blocks.js';

/** Numbers that share a scale. */
export const GROUP_SIZE = 32;

/** Of several blocks, one behind the other. */
export interface CodedGroups {
  /** `[groups, 32]` */
  readonly codes: Float32Array;
  /** `[groups]` */
  readonly scales: Float32Array;
  /** `[groups]`; a type without minima leaves them alone. */
  readonly minima: Float32Array;
}

export interface CodedType {
  readonly hasMinima: boolean;
  /** Reads the block at `from`, whose first group is `group`. */
  read(bytes: Uint8Array, from: number, to: CodedGroups, group: number): void;
}

export const CODED_TYPES = {
  Q4_0: {
    hasMinima: false,
    read: (bytes, from, { codes, scales }, group) => {
      readPairs(bytes, from + 2, codes, group * GROUP_SIZE);
      scales[group] = halfAt(bytes, from);
    },
  },
  Q4_1: {
    hasMinima: true,
    read: (bytes, from, { codes, scales, minima }, group) => {
      readPairs(bytes, from + 4, codes, group * GROUP_SIZE);
      scales[group] = halfAt(bytes, from);
      minima[group] = halfAt(bytes, from + 2);
    },
  },
  Q4_K: {
    hasMinima: true,
    read: (bytes, from, { codes, scales, minima }, group) => {
      const parts = codesOfQ4K(bytes, from, codes, group * GROUP_SIZE);
      scales.set(parts.scales, group);
      minima.set(
        parts.minima.map((taken) => -taken),
        group,
      );
    },
  },
} as const satisfies Partial<Record<BlockName, CodedType>>;

export type CodedName = keyof typeof CODED_TYPES;

export function isCoded(encoding: string): encoding is CodedName {
  return Object.hasOwn(CODED_TYPES, encoding);
}
