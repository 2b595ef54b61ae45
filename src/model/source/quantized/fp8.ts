import type { ConfigFields } from '../../families/config-fields.js';
import type { Block } from '../../weights/grouped/per-block.js';
import type { ModuleTensors, QuantMethod, StoredModule } from './quant-method.js';
import {
  blocksOf,
  FLOAT_SCALES,
  FP8_CODES,
  matrixShape,
  scaledWeight,
  wholeOrRow,
} from './scaled-weight.js';
import { misfit, requirePart, requireShape } from './stored-part.js';

/** DeepSeek's own. */
const DEFAULT_BLOCK: Block = [128, 128];

const SCALES = [...FLOAT_SCALES, 'F8_E8M0'];

/**
 * FP8 as DeepSeek and Qwen publish it: `weight_scale_inv` is what each block of `weight` is multiplied by; Mistral has one
 * for all, without blocks. As AutoFP8 and vLLM write it: `weight_scale`, one for all or one for each row. Scales of inputs
 * are of no use here.
 */
export const fp8: QuantMethod = {
  name: 'fp8',
  open: (config) => {
    const block = blockOf(config);
    return (module) => fp8Weight(module, block);
  },
};

/** FP8 as fbgemm has it: a `weight_scale` for each row. */
export const fbgemmFp8: QuantMethod = {
  name: 'fbgemm_fp8',
  open: () => (module) => fp8Weight(module, null),
};

/** Null where config.json has none. */
function blockOf(config: ConfigFields): Block | null {
  const [rows, columns, ...more] = config.counts('weight_block_size');
  if (rows === undefined) return null;
  if (columns === undefined || more.length > 0 || rows === 0 || columns === 0) {
    config.fail('weight_block_size', 'a list of two positive integers');
  }
  return [rows, columns];
}

function fp8Weight(module: StoredModule, block: Block | null): ModuleTensors | null {
  const encoding = FP8_CODES[module.parts.get('weight')?.storedDtype ?? ''];
  if (encoding === undefined) return null;
  const codes = requirePart(module, 'weight', Object.keys(FP8_CODES));
  const shape = matrixShape(codes);
  const isInverse = block !== null || module.parts.has('weight_scale_inv');
  const scales = requirePart(module, isInverse ? 'weight_scale_inv' : 'weight_scale', SCALES);
  const shared = block === null ? wholeOrRow(shape, scales) : null;
  if (shared !== null)
    return scaledWeight(module, { codes, scales, shape, encoding, block: shared });
  if (!isInverse) throw misfit(scales, [shape[0], 1], `'${codes.name}' has so many rows`);
  const [rows, columns] = block ?? DEFAULT_BLOCK;
  requireShape(
    scales,
    blocksOf(shape, [rows, columns]),
    `'${codes.name}' has blocks of ${rows} by ${columns}`,
  );
  return scaledWeight(module, { codes, scales, shape, encoding, block: [rows, columns] });
}
