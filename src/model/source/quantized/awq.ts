import type { ConfigFields } from '../../families/config-fields.js';
import type { ModuleTensors, QuantMethod, QuantScheme, StoredModule } from './quant-method.js';
import { oneWeight, requireShape } from './stored-part.js';
import { evenGroupSize, groupSizeOf, wordParts } from './word-module.js';

const BITS = 4;
/** Codes of a word. */
const WORD_CODES = 32 / BITS;

/** Orders of codes; tools write the name either way. */
const VERSIONS: Readonly<Record<string, 'gemm'>> = { gemm: 'gemm', GEMM: 'gemm' };

/** AWQ as AutoAWQ writes it: `qweight`, `qzeros`, `scales`, eight outputs in a word. */
export const awq: QuantMethod = {
  name: 'awq',
  open: (config) => {
    const version = config.has('version') ? 'version' : 'checkpoint_format';
    config.oneOf(version, VERSIONS, 'gemm');
    return awqScheme(config);
  },
};

/** Modules in the order `gemm`, with what else the config says of them. */
export function awqScheme(config: ConfigFields): QuantScheme {
  const bits = config.has('w_bit') ? 'w_bit' : 'bits';
  if (config.size(bits, BITS) !== BITS) config.fail(bits, `${BITS}`);
  const groupSize = groupSizeOf(config, ['group_size', 'q_group_size']);
  return (module) => weightOf(module, groupSize);
}

function weightOf(module: StoredModule, configured: number): ModuleTensors | null {
  const parts = wordParts(module);
  if (parts === null) return null;
  const { codes, zeros, scales } = parts;
  const [inputs = 0, words = 0] = codes.shape;
  const out = words * WORD_CODES;
  const groups = scales.shape[0] ?? 0;
  requireShape(scales, [groups, out], `'${codes.name}' has ${out} outputs`);
  requireShape(zeros, [groups, words], `'${scales.name}' has ${groups} groups of ${out} outputs`);
  const groupSize = evenGroupSize(scales, inputs, configured);
  const packing = {
    kind: 'words',
    bits: BITS,
    order: 'awq',
    along: 'out',
    zeros: { ofWords: [], ofCodes: 0 },
    groupSize,
    parts,
  } as const;
  return oneWeight(module, { codes, shape: [out, inputs], packing });
}
