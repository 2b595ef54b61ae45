import type { CodeEncoding, PackedInts } from '../../weights/grouped/codes.js';
import type { StoredPart } from '../../weights/grouped/part.js';
import type { Block } from '../../weights/grouped/per-block.js';
import type { Rounding } from '../../weights/grouped/rounding.js';
import type { ScaledPacking } from '../../weights/grouped/scaled.js';
import type { ModuleTensors, StoredModule } from './quant-method.js';
import { broken, oneWeight, requireShape } from './stored-part.js';

/** Dtypes of scales that are floats of their own. */
export const FLOAT_SCALES: readonly string[] = ['F32', 'BF16', 'F16'];
/** Dtypes of scales that are exponents of two. */
export const POWER_SCALES = ['U8', 'F8_E8M0'];

/** FP8 by the dtypes of safetensors. */
export const FP8_CODES: Readonly<Record<string, CodeEncoding>> = {
  F8_E4M3: 'f8_e4m3',
  F8_E5M2: 'f8_e5m2',
};

export interface ScaledWeight extends Omit<ScaledPacking['parts'], 'codes' | 'scales'> {
  readonly codes: StoredPart;
  readonly scales: StoredPart;
  /** Of the weight, `[out, in]`. */
  readonly shape: readonly [out: number, width: number];
  readonly encoding: CodeEncoding;
  readonly block: Block;
  readonly packedZeros?: PackedInts;
  readonly rounding?: Rounding;
}

/** The module whose weight is made of these parts; their shapes are checked before. */
export function scaledWeight(
  module: StoredModule,
  { shape, encoding, block, packedZeros, rounding, ...parts }: ScaledWeight,
): ModuleTensors {
  const packing: ScaledPacking = {
    kind: 'scaled',
    encoding,
    block,
    ...(packedZeros === undefined ? {} : { packedZeros }),
    ...(rounding === undefined ? {} : { rounding }),
    parts,
  };
  return oneWeight(module, { codes: parts.codes, shape, packing });
}

/** Shape of what has one element for each block of a weight. */
export function blocksOf([out, width]: ScaledWeight['shape'], [rows, columns]: Block): number[] {
  return [Math.ceil(out / rows), Math.ceil(width / columns)];
}

/** The shape of a matrix. @throws ModelLoadError where the part is none */
export function matrixShape(part: StoredPart): ScaledWeight['shape'] {
  const [out, width, ...more] = part.shape;
  if (out !== undefined && width !== undefined && more.length === 0) return [out, width];
  throw broken(
    `Tensor '${part.name}' in ${part.path} has shape [${part.shape.join(', ')}], which is not a matrix's.`,
  );
}

/**
 * The block that shares a scale where there is one for the whole weight or one for each row, whatever their shape;
 * null where there are more.
 */
export function wholeOrRow(shape: ScaledWeight['shape'], scales: StoredPart): Block | null {
  const [out] = shape;
  const dims = scales.shape.filter((size) => size !== 1);
  if (dims.length === 0) return shape;
  return dims.length === 1 && scales.shape[0] === out ? [1, shape[1]] : null;
}

/** @throws ModelLoadError unless `part` has an element for each block, or for the whole or each row in any shape */
export function requireBlocks(
  part: StoredPart,
  { block, shape, codes }: { block: Block; shape: ScaledWeight['shape']; codes: StoredPart },
): void {
  const blocks = blocksOf(shape, block);
  const shared = wholeOrRow(shape, part);
  if (shared !== null && blocksOf(shape, shared).every((size, i) => size === blocks[i])) return;
  requireShape(part, blocks, `'${codes.name}' has blocks of ${block.join(' by ')}`);
}
