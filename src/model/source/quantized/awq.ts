import type { ConfigFields } from '../../families/config-fields.js';
import type { ModuleTensors, QuantMethod, QuantScheme, StoredModule } from './quant-method.js';
import { broken, oneWeight, requireShape } from './stored-part.js';
import { evenGroupSize, groupSizeOf, wordParts, type WordParts } from './word-module.js';

const BITS = 4;
/** Codes of a word. */
const WORD_CODES = 32 / BITS;

type Reader = (module: StoredModule, parts: WordParts, groupSize: number) => ModuleTensors;

/** By `version`: kernels of the first three read the same order. Tools write the names either way. */
const VERSIONS: Readonly<Record<string, Reader>> = {
  gemm: inputsFirst,
  exllama: inputsFirst,
  ipex: inputsFirst,
  gemv: outputsFirst,
  GEMM: inputsFirst,
  GEMV: outputsFirst,
};

/** AWQ as AutoAWQ and others write it: `qweight`, `qzeros`, `scales`. */
export const awq: QuantMethod = {
  name: 'awq',
  open: (config) => {
    const version = config.has('version') ? 'version' : 'checkpoint_format';
    return schemeOf(config, config.oneOf(version, VERSIONS, 'gemm'));
  },
};

/** Modules in the order `gemm`, with what else the config says of them. */
export function awqScheme(config: ConfigFields): QuantScheme {
  return schemeOf(config, inputsFirst);
}

function schemeOf(config: ConfigFields, read: Reader): QuantScheme {
  const bits = config.has('w_bit') ? 'w_bit' : 'bits';
  if (config.size(bits, BITS) !== BITS) config.fail(bits, `${BITS}`);
  const groupSize = groupSizeOf(config, ['group_size', 'q_group_size']);
  return (module) => {
    const parts = wordParts(module);
    return parts === null ? null : read(module, parts, groupSize);
  };
}

/** Eight outputs in a word: codes `[in, out / 8]`, zeros `[groups, out / 8]`, scales `[groups, out]`. */
function inputsFirst(module: StoredModule, parts: WordParts, configured: number): ModuleTensors {
  const { codes, zeros, scales } = parts;
  const [inputs = 0, words = 0] = codes.shape;
  const out = words * WORD_CODES;
  const groups = scales.shape[0] ?? 0;
  requireShape(scales, [groups, out], `'${codes.name}' has ${out} outputs`);
  requireShape(zeros, [groups, words], `'${scales.name}' has ${groups} groups of ${out} outputs`);
  const packing = {
    kind: 'words',
    bits: BITS,
    order: 'awq',
    along: 'out',
    zeros: { ofWords: [], ofCodes: 0 },
    groupSize: evenGroupSize(scales, inputs, configured),
    parts,
  } as const;
  return oneWeight(module, { codes, shape: [out, inputs], packing });
}

/** Eight inputs in a word: codes `[out, in / 8]`; zeros and scales of an output, and no more that are not used. */
function outputsFirst(module: StoredModule, parts: WordParts, configured: number): ModuleTensors {
  const { codes, zeros, scales } = parts;
  const [out = 0, words = 0] = codes.shape;
  const inputs = words * WORD_CODES;
  const groupSize = Math.min(configured, inputs);
  const [, zeroWords = 0] = zeros.shape;
  requireShape(zeros, [out, zeroWords], `'${codes.name}' has ${out} outputs`);
  const room = zeroWords * WORD_CODES;
  requireShape(scales, [out, room], `'${zeros.name}' has ${room} zeros of ${out} outputs`);
  const groups = Math.ceil(inputs / groupSize);
  if (groups > room) {
    throw broken(
      `Tensor '${zeros.name}' in ${zeros.path} has room for ${room} groups, but ${inputs} inputs ` +
        `in groups of ${groupSize} are ${groups}.`,
    );
  }
  const packing = { kind: 'word-rows', bits: BITS, groupSize, parts } as const;
  return oneWeight(module, { codes, shape: [out, inputs], packing });
}
