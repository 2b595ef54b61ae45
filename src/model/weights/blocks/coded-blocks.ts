/** Types whose blocks are codes of at most four bits: each group of numbers is `code * scale + minimum`. */
import { halfAt } from '../half.js';
import { codesOfQ2K, codesOfQ3K, codesOfQ4K, type Parts } from './k-blocks.js';
import type { BlockName } from './registry.js';
import { readPairs } from './simple-blocks.js';

/** Of several blocks, one behind the other. */
export interface CodedGroups {
  /** `[groups, groupSize]` */
  readonly codes: Float32Array;
  /** `[groups]` */
  readonly scales: Float32Array;
  /** `[groups]`; a type without minima leaves them alone. */
  readonly minima: Float32Array;
}

export interface CodedType {
  /** Numbers that share a scale. */
  readonly groupSize: 16 | 32;
  readonly hasMinima: boolean;
  /** Without minima: what makes the code of 0 the middle of four bits. */
  readonly offset: number;
  /** Reads the block at `from`, whose first group is `group`. */
  read(bytes: Uint8Array, from: number, to: CodedGroups, group: number): void;
}

export const CODED_TYPES = {
  Q4_0: {
    groupSize: 32,
    hasMinima: false,
    offset: 0,
    read: (bytes, from, { codes, scales }, group) => {
      readPairs(bytes, from + 2, codes, group * 32);
      scales[group] = halfAt(bytes, from);
    },
  },
  Q4_1: {
    groupSize: 32,
    hasMinima: true,
    offset: 0,
    read: (bytes, from, { codes, scales, minima }, group) => {
      readPairs(bytes, from + 4, codes, group * 32);
      scales[group] = halfAt(bytes, from);
      minima[group] = halfAt(bytes, from + 2);
    },
  },
  Q2_K: {
    groupSize: 16,
    hasMinima: true,
    offset: 0,
    read: (bytes, from, to, group) => {
      setParts(to, group, codesOfQ2K(bytes, from, to.codes, group * 16));
    },
  },
  Q3_K: {
    groupSize: 16,
    hasMinima: false,
    offset: 4,
    read: (bytes, from, { codes, scales }, group) => {
      scales.set(codesOfQ3K(bytes, from, codes, group * 16), group);
    },
  },
  Q4_K: {
    groupSize: 32,
    hasMinima: true,
    offset: 0,
    read: (bytes, from, to, group) => {
      setParts(to, group, codesOfQ4K(bytes, from, to.codes, group * 32));
    },
  },
} as const satisfies Partial<Record<BlockName, CodedType>>;

function setParts({ scales, minima }: CodedGroups, group: number, parts: Parts): void {
  scales.set(parts.scales, group);
  minima.set(
    parts.minima.map((taken) => -taken),
    group,
  );
}

export type CodedName = keyof typeof CODED_TYPES;

export function isCoded(encoding: string): encoding is CodedName {
  return Object.hasOwn(CODED_TYPES, encoding);
}
