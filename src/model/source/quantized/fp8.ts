import type { ConfigFields } from '../../families/config-fields.js';
import type { ByteEncoding } from '../../weights/grouped/bytes.js';
import type { ModuleTensors, QuantMethod, StoredModule } from './quant-method.js';
import { oneWeight, requirePart, requireShape } from './stored-part.js';

/** DeepSeek's own: blocks of 128 by 128. */
const DEFAULT_BLOCK = [128, 128] as const;

const ENCODINGS: Readonly<Record<string, ByteEncoding>> = {
  F8_E4M3: 'f8_e4m3',
  F8_E5M2: 'f8_e5m2',
};

/** FP8 as DeepSeek and Qwen publish it: `weight_scale_inv` is what each block of `weight` is multiplied by. */
export const fp8: QuantMethod = {
  name: 'fp8',
  open: (config) => {
    const block = blockOf(config);
    return (module) => blockScaled(module, block);
  },
};

function blockOf(config: ConfigFields): readonly [number, number] {
  const [rows, columns, ...more] = config.counts('weight_block_size');
  if (rows === undefined) return DEFAULT_BLOCK;
  if (columns === undefined || more.length > 0 || rows === 0 || columns === 0) {
    config.fail('weight_block_size', 'a list of two positive integers');
  }
  return [rows, columns];
}

function blockScaled(module: StoredModule, block: readonly [number, number]): ModuleTensors | null {
  const weight = module.parts.get('weight');
  const encoding = ENCODINGS[weight?.storedDtype ?? ''];
  if (weight === undefined || encoding === undefined) return null;
  const codes = requirePart(module, 'weight', Object.keys(ENCODINGS));
  const scales = requirePart(module, 'weight_scale_inv', ['F32', 'BF16', 'F16']);
  const { shape } = codes;
  const [blockRows, blockColumns] = block;
  const [out = 1, width = 1] = shape;
  requireShape(
    scales,
    [Math.ceil(out / blockRows), Math.ceil(width / blockColumns)],
    `'${codes.name}' has blocks of ${blockRows} by ${blockColumns}`,
  );
  const packing = { kind: 'scaled', encoding, block, parts: { codes, scales } } as const;
  return oneWeight(module, { codes, shape, packing });
}
