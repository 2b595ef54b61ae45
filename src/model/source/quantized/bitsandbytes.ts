import { ConfigFields } from '../../families/config-fields.js';
import type { CodeBookName, CodeBookPacking } from '../../weights/grouped/code-book.js';
import type { StoredPart } from '../../weights/grouped/part.js';
import type { ModuleTensors, QuantMethod, StoredModule } from './quant-method.js';
import { broken, oneWeight, partOf, readWhole, requirePart, requireShape } from './stored-part.js';

const BOOKS: Readonly<Record<string, CodeBookName>> = { nf4: 'nf4', fp4: 'fp4' };

/** A tensor with a description is longer than any has to be. */
const STATE_BYTES_MAX = 1 << 16;

/** Whole numbers that a byte can be, on each side of 0. */
const INT8_MAX = 127;

/** bitsandbytes: four bits with a scale for each block, or `LLM.int8` with one for each row. */
export const bitsandbytes: QuantMethod = {
  name: 'bitsandbytes',
  weightSuffix: '.weight.',
  open: () => (module) => {
    if (stateEnding(module) !== null) return blocksOf(module);
    return module.parts.has('SCB') || isInt8(module) ? rowsOf(module) : null;
  },
};

function isInt8({ parts }: StoredModule): boolean {
  return parts.get('weight')?.storedDtype === 'I8';
}

/** `weight.quant_state.bitsandbytes__nf4` or another type's; null = the module has none. */
function stateEnding({ parts }: StoredModule): string | null {
  return [...parts.keys()].find((ending) => ending.startsWith('weight.quant_state.')) ?? null;
}

/** Whole numbers `[out, in]`, `SCB` the largest magnitude of each row. */
function rowsOf(module: StoredModule): ModuleTensors {
  const codes = requirePart(module, 'weight', ['I8']);
  const scales = requirePart(module, 'SCB', ['F32']);
  const [out = 0, width = 0] = codes.shape;
  requireShape(codes, [out, width], 'it must be a matrix');
  requireShape(scales, [out], `'${codes.name}' has ${out} rows`);
  requireRowOrder(module);
  const packing = {
    kind: 'scaled',
    encoding: 'i8',
    block: [1, Math.max(1, width)],
    scaledBy: INT8_MAX,
    parts: { codes, scales },
  } as const;
  return oneWeight(module, { codes, shape: codes.shape, packing });
}

/** Early versions saved the order that a GPU wanted, and its number with it. */
function requireRowOrder(module: StoredModule): void {
  if (!module.parts.has('weight_format')) return;
  const part = requirePart(module, 'weight_format', ['U8']);
  requireShape(part, [], 'it is one number');
  const [order] = readWhole(part);
  if (order === 0) return;
  throw broken(
    `Tensor '${part.name}' in ${part.path} says order ${order ?? 'unknown'}: only weights in the ` +
      'order of rows, 0, are read.',
  );
}

function blocksOf(module: StoredModule): ModuleTensors {
  const state = stateOf(module);
  const [out = 0, width = 0, ...more] = state.counts('shape');
  if (out === 0 || width === 0 || more.length > 0) state.fail('shape', 'two positive integers');
  const count = out * width;
  const blockSize = state.size('blocksize');
  const blocks = Math.ceil(count / blockSize);
  const codes = requireBytes(module, Math.ceil(count / 2));
  const packing: CodeBookPacking = {
    kind: 'code-book',
    book: state.oneOf('quant_type', BOOKS, ''),
    blockSize,
    ...scalesOf(module, state, { codes, blocks }),
  };
  return oneWeight(module, { codes, shape: [out, width], packing });
}

/** What the tensor of JSON says. */
function stateOf(module: StoredModule): ConfigFields {
  const part = requirePart(module, stateEnding(module) ?? '', ['U8']);
  const where = `Tensor '${part.name}' in ${part.path}`;
  if (part.byteLength > STATE_BYTES_MAX) throw broken(`${where} is too long for a description.`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(readWhole(part)).toString('utf8'));
  } catch {
    throw broken(`${where} is not valid JSON.`);
  }
  return new ConfigFields(json, where);
}

/** The codes, in bytes that may be saved as numbers of any kind. */
function requireBytes(module: StoredModule, bytes: number): StoredPart {
  const tensor = module.parts.get('weight');
  const codes = tensor === undefined ? requirePart(module, 'weight', ['U8']) : partOf(tensor);
  if (codes.byteLength === bytes) return codes;
  throw broken(
    `Tensor '${codes.name}' in ${codes.path} has ${codes.byteLength} bytes; its shape needs ${bytes}.`,
  );
}

function scalesOf(
  module: StoredModule,
  state: ConfigFields,
  { codes, blocks }: { readonly codes: StoredPart; readonly blocks: number },
): Pick<CodeBookPacking, 'nested' | 'parts'> {
  const isNested = state.has('nested_blocksize');
  const scales = requirePart(module, 'weight.absmax', isNested ? ['U8'] : ['F32']);
  requireShape(scales, [blocks], `'${codes.name}' has ${blocks} blocks`);
  if (!isNested) return { nested: null, parts: { codes, scales } };
  const blockSize = state.size('nested_blocksize');
  const offset = state.raw('nested_offset');
  if (typeof offset !== 'number' || !Number.isFinite(offset)) {
    state.fail('nested_offset', 'a number');
  }
  const nestedScales = requirePart(module, 'weight.nested_absmax', ['F32']);
  const nestedBook = requirePart(module, 'weight.nested_quant_map', ['F32']);
  const groups = Math.ceil(blocks / blockSize);
  requireShape(nestedScales, [groups], `'${scales.name}' has ${groups} blocks`);
  requireShape(nestedBook, [256], 'a byte is a place in it');
  return { nested: { blockSize, offset }, parts: { codes, scales, nestedScales, nestedBook } };
}
