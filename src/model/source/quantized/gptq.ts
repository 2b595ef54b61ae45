import type { ConfigFields } from '../../families/config-fields.js';
import type { StoredPart } from '../../weights/grouped/part.js';
import type { WordsPacking, ZeroShift } from '../../weights/grouped/words.js';
import { marlinScheme } from './marlin.js';
import type { ModuleTensors, QuantMethod, QuantScheme, StoredModule } from './quant-method.js';
import { broken, oneWeight, readWhole, requirePart, requireShape } from './stored-part.js';
import { evenGroupSize, groupSizeOf, wordParts, type WordParts } from './word-module.js';

/** A `checkpoint_format`. */
export interface GptqFormat {
  /** Zeros are stored less by one. */
  readonly isFirst: boolean;
  /** Codes are cut into planes. */
  readonly planes: boolean;
}

export const GPTQ_FORMATS: Readonly<Record<'gptq' | 'gptq_v2' | 'gptq_p', GptqFormat>> = {
  gptq: { isFirst: true, planes: false },
  gptq_v2: { isFirst: false, planes: false },
  gptq_p: { isFirst: false, planes: true },
};

const BITS = [2, 3, 4, 5, 6, 7, 8];

/** Widths that no other order is written of. */
const ALWAYS_PLANES = new Set([5, 6, 7]);

/** A one in every code, which the first format takes from words of whole zeros. */
const ONES: Readonly<Record<number, readonly number[]>> = {
  2: [0x55555555],
  4: [0x11111111],
  8: [0x01010101],
};

/** What GPTQModel before version 7 took from three words of zeros of three bits: two are in each other's place. */
const EARLY_ONES_OF_THREE = [0x24924924, 0x92492492, 0x49249249];

/** What the config says of all modules. How many bits a code has is seen in each one's shapes. */
interface GptqScheme extends GptqFormat {
  readonly early: EarlyZeros;
  readonly ordered: boolean;
  readonly groupSize: number;
}

/** In what GPTQModel's first format differed from the others' until it was mended. */
interface EarlyZeros {
  /** Took from every module what is one in codes of so many bits; null = of the module's own. */
  readonly bits: number | null;
  readonly onesOfThree: boolean;
}

/** GPTQ as AutoGPTQ, GPTQModel and AutoRound write it: `qweight`, `qzeros`, `scales`, `g_idx`. */
export const gptq: QuantMethod = {
  name: 'gptq',
  open: (config) => {
    const isMarlin = config.boolean('is_marlin_format', false);
    const formats = { ...GPTQ_FORMATS, marlin: null };
    const format = config.oneOf('checkpoint_format', formats, isMarlin ? 'marlin' : 'gptq');
    return format === null || isMarlin ? marlinScheme(config) : gptqScheme(config, format);
  },
};

/** Modules of the `format`, with what else the config says of them. */
export function gptqScheme(config: ConfigFields, format: GptqFormat): QuantScheme {
  const scheme = schemeOf(config, format);
  return (module) => weightOf(module, scheme);
}

function schemeOf(config: ConfigFields, format: GptqFormat): GptqScheme {
  const meta = config.object('meta');
  for (const fields of [config, meta]) {
    if (fields?.has('rotation') === true) fields.fail('rotation', 'null: inputs are not rotated');
  }
  return {
    ...format,
    early: earlyZeros(config, meta),
    ordered: config.boolean('desc_act', false),
    groupSize: groupSizeOf(config, ['group_size']),
  };
}

function earlyZeros(config: ConfigFields, meta: ConfigFields | null): EarlyZeros {
  const version = meta === null ? null : gptqModelVersion(meta);
  if (version === null || !isBefore(version, [7, 3, 2])) {
    return { bits: null, onesOfThree: false };
  }
  return { bits: config.size('bits'), onesOfThree: isBefore(version, [7, 0, 0]) };
}

/** `quantizer` has the names and versions of tools, in a list or alone. */
function gptqModelVersion(meta: ConfigFields): readonly number[] | null {
  const quantizer = meta.raw('quantizer');
  for (const maker of Array.isArray(quantizer) ? (quantizer as readonly unknown[]) : [quantizer]) {
    const named = typeof maker === 'string' ? /^gptqmodel:(\d+)\.(\d+)\.(\d+)/i.exec(maker) : null;
    if (named !== null) return named.slice(1).map(Number);
  }
  return null;
}

function isBefore(version: readonly number[], other: readonly number[]): boolean {
  const at = other.findIndex((number, i) => number !== version[i]);
  return at >= 0 && (version[at] ?? 0) < (other[at] ?? 0);
}

function weightOf(module: StoredModule, scheme: GptqScheme): ModuleTensors | null {
  const parts = wordParts(module);
  if (parts === null) return null;
  const { codes, zeros, scales } = parts;
  const [words = 0, out = 0] = codes.shape;
  const groups = scales.shape[0] ?? 0;
  requireShape(scales, [groups, out], `'${codes.name}' has ${out} outputs`);
  requireShape(zeros, [groups, zeros.shape[1] ?? 0], `'${scales.name}' has ${groups} groups`);
  const bits = bitsOf(zeros, out);
  const inputs = inputsOf(codes, words, bits);
  const packing: WordsPacking = {
    kind: 'words',
    bits,
    order: scheme.planes || ALWAYS_PLANES.has(bits) ? 'planes' : 'stream',
    along: 'in',
    zeros: zeroShift(bits, scheme),
    ...groupsOf(module, parts, { inputs, scheme }),
  };
  return oneWeight(module, { codes, shape: [out, inputs], packing });
}

/** A group has a zero for each output. */
function bitsOf({ name, path, shape }: StoredPart, out: number): number {
  const bits = ((shape[1] ?? 0) * 32) / out;
  if (BITS.includes(bits)) return bits;
  throw broken(
    `Tensor '${name}' in ${path} has ${shape[1] ?? 0} words for ${out} outputs: codes of ` +
      `2 to 8 bits do not fill them.`,
  );
}

function inputsOf({ name, path }: StoredPart, words: number, bits: number): number {
  const inputs = (words * 32) / bits;
  const whole = 32 % bits === 0 ? 32 / bits : 32;
  if (inputs % whole === 0) return inputs;
  throw broken(
    `Tensor '${name}' in ${path} has ${words} rows of words, which are no whole codes of ${bits} bits.`,
  );
}

/** Groups that lie one behind the other need no list, though most tools store one. */
function groupsOf(
  module: StoredModule,
  parts: WordParts,
  { inputs, scheme }: { readonly inputs: number; readonly scheme: GptqScheme },
): Pick<WordsPacking, 'groupSize' | 'parts'> {
  if (!scheme.ordered && !module.parts.has('g_idx')) {
    return { groupSize: evenGroupSize(parts.scales, inputs, scheme.groupSize), parts };
  }
  const groupOf = requirePart(module, 'g_idx', ['I32']);
  requireShape(groupOf, [inputs], `'${parts.codes.name}' has ${inputs} inputs`);
  const groupSize = scheme.ordered ? null : listedGroupSize(groupOf, parts.scales.shape[0] ?? 0);
  return groupSize === null
    ? { groupSize: inputs, parts: { ...parts, groupOf } }
    : { groupSize, parts };
}

/** Inputs of a group, where the list says as many groups one behind the other; null = it says something else. */
function listedGroupSize(groupOf: StoredPart, groups: number): number | null {
  const bytes = readWhole(groupOf);
  const listed = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const other = listed.findIndex((group) => group !== 0);
  const size = other < 0 ? listed.length : other;
  const isEven = listed.every((group, i) => group === Math.floor(i / size) && group < groups);
  return size > 0 && isEven ? size : null;
}

function zeroShift(ownBits: number, { isFirst, early }: GptqScheme): ZeroShift {
  if (!isFirst) return { ofWords: [], ofCodes: 0 };
  const bits = early.bits ?? ownBits;
  const ones = bits === 3 && early.onesOfThree ? EARLY_ONES_OF_THREE : ONES[bits];
  return ones === undefined ? { ofWords: [], ofCodes: 1 } : { ofWords: ones, ofCodes: 0 };
}
