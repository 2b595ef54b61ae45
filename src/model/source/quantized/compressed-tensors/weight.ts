import { type PackedInts, wordsFor } from '../../../weights/grouped/codes.js';
import { FLOATS, type StoredPart } from '../../../weights/grouped/part.js';
import type { ModuleTensors, StoredModule } from '../quant-method.js';
import {
  blocksOf,
  FLOAT_SCALES,
  FP8_CODES,
  matrixShape,
  POWER_SCALES,
  requireBlocks,
  scaledWeight,
  type ScaledWeight,
} from '../scaled-weight.js';
import { broken, requireOne, requirePart, requireShape } from '../stored-part.js';
import { blockOf, type WeightScheme } from './scheme.js';
import { readShape } from './stored-shape.js';
import { sparseWeight } from './sparse-weight.js';

/** By their bits. */
const PACKED_FLOATS: Readonly<Record<number, 'e2m1' | 'e2m3'>> = { 4: 'e2m1', 6: 'e2m3' };

/**
 * A module's weight by what it is stored as: integers in words of 32 bits, floats of four or six, or bytes. Null = it
 * is not quantised, whatever the scheme says.
 */
export function compressedWeight(
  module: StoredModule,
  scheme: WeightScheme | null,
): ModuleTensors | null {
  if (module.parts.has('bitmask')) return sparseWeight(module, scheme);
  const packed = module.parts.get('weight_packed');
  const stored = packed ?? module.parts.get('weight');
  if (stored === undefined) return null;
  if (stored.storedDtype in FLOATS) {
    return scheme?.isRounded === false && module.parts.has('weight_scale')
      ? roundedWeight(module, scheme)
      : null;
  }
  if (scheme === null) {
    throw broken(
      `Tensor '${stored.name}' in ${stored.path} is quantised, but no group of "quantization_config" has it.`,
    );
  }
  if (packed === undefined) return byteWeight(module, scheme);
  return scheme.type === 'int' ? packedInts(module, scheme) : packedFloats(module, scheme);
}

/** `int-quantized`, `float-quantized`, `naive-quantized` and `mxfp8-quantized`. */
function byteWeight(module: StoredModule, scheme: WeightScheme): ModuleTensors {
  const dtypes = scheme.type === 'int' ? ['I8'] : Object.keys(FP8_CODES);
  const codes = requirePart(module, 'weight', dtypes);
  const shape = matrixShape(codes);
  const scaleTypes = scheme.type === 'int' ? FLOAT_SCALES : [...FLOAT_SCALES, ...POWER_SCALES];
  const shared = sharedParts(module, { scheme, shape, codes, scaleTypes });
  const encoding = FP8_CODES[codes.storedDtype] ?? 'i8';
  return scaledWeight(module, { codes, shape, encoding, ...shared });
}

/** `nvfp4-pack-quantized`, `mxfp4-pack-quantized` and `mxfp6-pack-quantized`. */
function packedFloats(module: StoredModule, scheme: WeightScheme): ModuleTensors {
  const codes = requirePart(module, 'weight_packed', ['U8']);
  const [out, bytes] = matrixShape(codes);
  const shape = [out, Math.floor((bytes * 8) / scheme.bits)] as const;
  const encoding = PACKED_FLOATS[scheme.bits];
  if (encoding === undefined || (shape[1] * scheme.bits) / 8 !== bytes) {
    throw broken(
      `Tensor '${codes.name}' in ${codes.path} has ${bytes} bytes a row, which are no floats of ${scheme.bits} bits.`,
    );
  }
  const scaleTypes = ['F8_E4M3', ...FLOAT_SCALES, ...POWER_SCALES];
  const shared = sharedParts(module, { scheme, shape, codes, scaleTypes });
  const weight = { codes, shape, encoding, ...shared } as const;
  if (!module.parts.has('weight_global_scale')) return scaledWeight(module, weight);
  const divisor = requirePart(module, 'weight_global_scale', ['F32']);
  requireOne(divisor);
  return scaledWeight(module, { ...weight, divisor });
}

/** Weights of a model that was saved before it was compressed: they are rounded whenever it runs. */
function roundedWeight(module: StoredModule, scheme: WeightScheme): ModuleTensors {
  const codes = requirePart(module, 'weight', Object.keys(FLOATS));
  const shape = matrixShape(codes);
  const { bits, type } = scheme;
  if (type === 'float' && bits !== 8) {
    throw broken(
      `Tensor '${codes.name}' in ${codes.path} is to be rounded to floats of ${bits} bits, which is not supported.`,
    );
  }
  const rounding = type === 'float' ? 'f8_e4m3' : { bits };
  const shared = sharedParts(module, { scheme, shape, codes, scaleTypes: FLOAT_SCALES });
  const encoding = FLOATS[codes.storedDtype] ?? 'f32';
  return scaledWeight(module, {
    codes,
    shape,
    encoding,
    rounding,
    ...shared,
    ...order(module, shape),
  });
}

/** `pack-quantized`. */
function packedInts(module: StoredModule, scheme: WeightScheme): ModuleTensors {
  const codes = requirePart(module, 'weight_packed', ['I32']);
  const shape = readShape(requirePart(module, 'weight_shape', ['I64', 'I32']));
  const packed = packingOf(codes, shape, scheme);
  const words = [shape[0], wordsFor(packed, shape[1])];
  requireShape(codes, words, `it has ${shape.join(' by ')} numbers of ${scheme.bits} bits`);
  const shared = sharedParts(module, { scheme, shape, codes, scaleTypes: FLOAT_SCALES, packed });
  return scaledWeight(module, {
    codes,
    shape,
    encoding: packed,
    ...shared,
    ...order(module, shape),
  });
}

/** By how many words a row has; where it may be either, by the package's version. */
function packingOf(
  { shape: [, words] }: StoredPart,
  [, width]: ScaledWeight['shape'],
  { bits, crosses }: WeightScheme,
): PackedInts {
  // These fill words, so no number crosses an end.
  if (32 % bits === 0) return { bits, crosses: false };
  const fits = (packed: PackedInts): boolean => wordsFor(packed, width) === words;
  const [crossing, whole] = [fits({ bits, crosses: true }), fits({ bits, crosses: false })];
  return { bits, crosses: crossing === whole ? crosses : crossing };
}

interface Sharing {
  readonly scheme: WeightScheme;
  readonly shape: ScaledWeight['shape'];
  readonly codes: StoredPart;
  readonly scaleTypes: readonly string[];
  readonly packed?: PackedInts;
}

type SharedParts = Pick<ScaledWeight, 'block' | 'scales' | 'zeros' | 'packedZeros'>;

/** Scales, and zeros where they are asymmetric or stored all the same. */
function sharedParts(module: StoredModule, sharing: Sharing): SharedParts {
  const { scheme, shape, codes, scaleTypes, packed } = sharing;
  const block = blockOf(scheme.strategy, shape);
  const scales = requirePart(module, 'weight_scale', scaleTypes);
  requireBlocks(scales, { block, shape, codes });
  if (scheme.isSymmetric && !module.parts.has('weight_zero_point')) return { block, scales };
  const zeros = requirePart(module, 'weight_zero_point', ['I8', 'F8_E4M3', 'I32']);
  if (zeros.storedDtype !== 'I32') {
    requireBlocks(zeros, { block, shape, codes });
    return { block, scales, zeros };
  }
  if (packed === undefined || block[0] !== 1) {
    throw broken(`Tensor '${zeros.name}' in ${zeros.path} has dtype I32, not I8.`);
  }
  const [out, groups] = blocksOf(shape, block) as [number, number];
  const words = [wordsFor(packed, out), groups];
  requireShape(zeros, words, `it has ${out} by ${groups} numbers of ${packed.bits} bits`);
  return { block, scales, zeros, packedZeros: packed };
}

/** The group of each column, where columns were quantised in another order. */
function order(
  module: StoredModule,
  [, width]: ScaledWeight['shape'],
): Pick<ScaledWeight, 'groupOf'> {
  if (!module.parts.has('weight_g_idx')) return {};
  const groupOf = requirePart(module, 'weight_g_idx', ['I32']);
  requireShape(groupOf, [width], `the weight has ${width} columns`);
  return { groupOf };
}
