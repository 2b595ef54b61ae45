import type { ConfigFields } from '../../../families/config-fields.js';
import type { Block } from '../../../weights/grouped/per-block.js';

/** How the weights of a group of modules are quantised. */
export interface WeightScheme {
  readonly type: 'int' | 'float';
  readonly bits: number;
  readonly isSymmetric: boolean;
  readonly strategy: Strategy;
  /** Floats that are stored with scales are the weights; else they are yet to be rounded. */
  readonly isRounded: boolean;
  /** Packed integers go on over the ends of words. */
  readonly crosses: boolean;
}

/** What the config says of all groups. */
export type OfAllGroups = Pick<WeightScheme, 'isRounded' | 'crosses'>;

/** What shares a scale. */
export type Strategy =
  | { readonly kind: 'tensor' }
  | { readonly kind: 'channel' }
  | { readonly kind: 'group'; readonly size: number }
  | { readonly kind: 'block'; readonly block: Block };

const TYPES = { int: 'int', float: 'float' } as const;

/** The `weights` of a config group. @throws ModelConfigError */
export function readScheme(weights: ConfigFields, ofAll: OfAllGroups): WeightScheme {
  const bits = weights.size('num_bits', 8);
  if (bits > 8) weights.fail('num_bits', 'at most 8');
  return {
    type: weights.oneOf('type', TYPES, 'int'),
    bits,
    isSymmetric: weights.boolean('symmetric', true),
    strategy: readStrategy(weights),
    ...ofAll,
  };
}

/** The rows and columns that share a scale in a weight of this shape. */
export function blockOf(strategy: Strategy, [out, width]: readonly [number, number]): Block {
  switch (strategy.kind) {
    case 'tensor':
      return [Math.max(1, out), Math.max(1, width)];
    case 'channel':
      return [1, Math.max(1, width)];
    case 'group':
      return [1, strategy.size];
    case 'block':
      return strategy.block;
  }
}

function readStrategy(weights: ConfigFields): Strategy {
  switch (weights.text('strategy', defaultStrategy(weights))) {
    case 'tensor':
      return { kind: 'tensor' };
    case 'channel':
      return { kind: 'channel' };
    case 'group':
    case 'tensor_group':
      return { kind: 'group', size: weights.size('group_size') };
    case 'block':
      return { kind: 'block', block: readBlock(weights) };
    default:
      return weights.fail('strategy', 'tensor, channel, group, tensor_group or block');
  }
}

function defaultStrategy(weights: ConfigFields): string {
  if (!weights.has('group_size')) return 'tensor';
  return weights.raw('group_size') === -1 ? 'channel' : 'group';
}

/** `[128, 128]`, or `128x128` of old files. */
function readBlock(weights: ConfigFields): Block {
  const raw = weights.raw('block_structure');
  const sizes: unknown = typeof raw === 'string' ? raw.split('x').map(Number) : raw;
  const [rows, columns] = Array.isArray(sizes) && sizes.length === 2 ? (sizes as unknown[]) : [];
  if (!isSize(rows) || !isSize(columns)) {
    return weights.fail('block_structure', 'a list of two positive integers');
  }
  return [rows, columns];
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
