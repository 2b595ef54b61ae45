import type { ConfigFields } from '../../families/config-fields.js';
import type { CodeEncoding } from '../../weights/grouped/codes.js';
import type { StoredPart } from '../../weights/grouped/part.js';
import type { Block } from '../../weights/grouped/per-block.js';
import type { ModuleTensors, QuantMethod, StoredModule } from './quant-method.js';
import {
  FLOAT_SCALES,
  FP8_CODES,
  matrixShape,
  POWER_SCALES,
  scaledWeight,
  type ScaledWeight,
  wholeOrRow,
} from './scaled-weight.js';
import { broken, misfit, requireOne, requirePart } from './stored-part.js';

/** `quant_algo`s whose weights are codes and scales alone; shapes and dtypes say the rest. */
const ALGORITHMS = [
  'FP8',
  'FP8_PER_CHANNEL_PER_TOKEN',
  'FP8_PB_WO',
  'NVFP4',
  'W4A16_NVFP4',
  'MXFP4',
  'MXFP8',
  'W8A16',
  'MIXED_PRECISION',
];

/** Of FP8_PB_WO. */
const SQUARE = 128;

const CODES: Readonly<Record<string, CodeEncoding>> = { ...FP8_CODES, I8: 'i8', U8: 'e2m1' };

/** Nvidia's Model Optimizer: `weight`, `weight_scale`, and where scales are themselves FP8 `weight_scale_2`. */
export const modelopt: QuantMethod = {
  name: 'modelopt',
  open: (config) => {
    requireAlgorithm(config);
    return modeloptWeight;
  },
};

/** As SGLang tells its kinds apart. */
export function modeloptName(config: ConfigFields): string {
  const algorithm = config.text('quant_algo', '').toUpperCase();
  const bits = /FP[48]/.exec(algorithm)?.[0].toLowerCase();
  return bits === undefined ? 'modelopt' : `modelopt_${bits}`;
}

/** Null where K and V alone are quantised. */
function requireAlgorithm(config: ConfigFields): void {
  if (!config.has('quant_algo')) return;
  if (ALGORITHMS.includes(config.text('quant_algo').toUpperCase())) return;
  config.fail('quant_algo', `one of ${ALGORITHMS.join(', ')}`);
}

function modeloptWeight(module: StoredModule): ModuleTensors | null {
  const encoding = CODES[module.parts.get('weight')?.storedDtype ?? ''];
  if (encoding === undefined) return null;
  const codes = requirePart(module, 'weight', Object.keys(CODES));
  const smooth = module.parts.get('pre_quant_scale');
  if (smooth !== undefined) {
    throw broken(
      `Tensor '${smooth.name}' in ${smooth.path} scales inputs, which is not supported.`,
    );
  }
  const [out, columns] = matrixShape(codes);
  const shape = [out, encoding === 'e2m1' ? 2 * columns : columns] as const;
  const hasFactor = module.parts.has('weight_scale_2');
  const dtypes = hasFactor ? ['F8_E4M3'] : [...FLOAT_SCALES, ...POWER_SCALES];
  const scales = requirePart(module, 'weight_scale', dtypes);
  const weight = { codes, scales, shape, encoding, block: blockOf(shape, scales) };
  if (!hasFactor) return scaledWeight(module, weight);
  const factor = requirePart(module, 'weight_scale_2', ['F32']);
  requireOne(factor);
  return scaledWeight(module, { ...weight, factor });
}

/** What shares a scale, by how many there are. */
function blockOf(shape: ScaledWeight['shape'], scales: StoredPart): Block {
  const shared = wholeOrRow(shape, scales);
  if (shared !== null) return shared;
  const [out, width] = shape;
  const squares = [Math.ceil(out / SQUARE), 1, Math.ceil(width / SQUARE), 1];
  if (scales.shape.length === 4) {
    if (scales.shape.every((size, i) => size === squares[i])) return [SQUARE, SQUARE];
    throw misfit(scales, squares, `blocks of ${SQUARE} by ${SQUARE} share a scale`);
  }
  const [rows, groups = 1] = scales.shape;
  if (scales.shape.length !== 2 || rows !== out) {
    throw misfit(scales, [out, groups], 'each row has the same groups');
  }
  if (groups > 0 && width % groups === 0) return [1, width / groups];
  throw broken(
    `Tensor '${scales.name}' in ${scales.path} has ${groups} scales a row, which do not divide ${width} columns.`,
  );
}
