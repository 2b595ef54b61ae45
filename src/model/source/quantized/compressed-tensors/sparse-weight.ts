import type { ByteEncoding } from '../../../weights/grouped/bytes.js';
import { FLOATS, type StoredPart } from '../../../weights/grouped/part.js';
import type { SparsePacking } from '../../../weights/grouped/sparse.js';
import type { ModuleTensors, StoredModule } from '../quant-method.js';
import { FLOAT_SCALES, requireBlocks, type ScaledWeight } from '../scaled-weight.js';
import { broken, oneWeight, requirePart, requireShape } from '../stored-part.js';
import { blockOf, type WeightScheme } from './scheme.js';
import { readShape } from './stored-shape.js';

const CODES: Readonly<Record<string, ByteEncoding>> = { F8_E4M3: 'f8_e4m3', I8: 'i8' };

/**
 * `sparse-bitmask` and `sparse-24-bitmask` of the package's versions before 0.15: numbers that are not 0, plain or
 * quantised ones, and a mask of where they are.
 */
export function sparseWeight(module: StoredModule, scheme: WeightScheme | null): ModuleTensors {
  const shape = readShape(requirePart(module, 'shape', ['I64', 'I32']));
  const [out, width] = shape;
  const codes = requirePart(module, 'compressed', [...Object.keys(FLOATS), ...Object.keys(CODES)]);
  const mask = requirePart(module, 'bitmask', ['U8']);
  requireShape(mask, [out, Math.ceil(width / 8)], `the weight has ${out} by ${width} numbers`);
  const places = { codes, mask, ...rowStarts(module, { codes, out }) };
  const quantised = CODES[codes.storedDtype];
  const plain = { encoding: FLOATS[codes.storedDtype] ?? 'f32', block: shape, parts: places };
  const packing: SparsePacking =
    quantised === undefined
      ? { kind: 'sparse', ...plain }
      : { kind: 'sparse', encoding: quantised, ...scaled(module, { scheme, shape, places }) };
  return oneWeight(module, { codes, shape, packing });
}

/** Rows of one length need no starts. */
function rowStarts(
  module: StoredModule,
  { codes, out }: { readonly codes: StoredPart; readonly out: number },
): Pick<SparsePacking['parts'], 'offsets'> {
  if (!module.parts.has('row_offsets')) {
    requireShape(codes, [out, codes.shape[1] ?? 0], `the weight has ${out} rows`);
    return {};
  }
  requireShape(codes, [codes.shape[0] ?? 0], 'rows are one behind the other');
  const offsets = requirePart(module, 'row_offsets', ['I64']);
  requireShape(offsets, [out], `the weight has ${out} rows`);
  return { offsets };
}

interface Scaled {
  readonly scheme: WeightScheme | null;
  readonly shape: ScaledWeight['shape'];
  readonly places: SparsePacking['parts'];
}

function scaled(
  module: StoredModule,
  { scheme, shape, places }: Scaled,
): Pick<SparsePacking, 'block' | 'parts'> {
  const { codes } = places;
  const zeros = module.parts.get('weight_zero_point');
  if (scheme === null || zeros !== undefined) {
    const why = scheme === null ? 'in no group of "quantization_config"' : 'not symmetric';
    throw broken(
      `Tensor '${codes.name}' in ${codes.path} is sparse, quantised and ${why}, which is not supported.`,
    );
  }
  const block = blockOf(scheme.strategy, shape);
  const scales = requirePart(module, 'weight_scale', FLOAT_SCALES);
  requireBlocks(scales, { block, shape, codes });
  return { block, parts: { ...places, scales } };
}
