import { elements } from '../../elements.js';
import { Cursor } from './cursor.js';
import { ENTRY_BYTES_MIN, readMetadata, type MetaValue } from './metadata.js';
import { TENSOR_TYPES, type TensorType } from './tensor-types.js';

/** What a GGUF file says before its data, every range checked against the file. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, MetaValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** One tensor: its bytes are `[offset, offset + byteLength)` of the file. */
export interface GgufTensor {
  readonly name: string;
  readonly type: TensorType;
  /** The slowest dimension first, as in PyTorch. */
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
}

const MAGIC = 'GGUF';
const VERSIONS = [2, 3];
/** Name, dimensions, type and offset of a tensor of one dimension. */
const TENSOR_BYTES_MIN = 8 + 4 + 8 + 4 + 8;
const TENSORS_MAX = 2 ** 20;
const NAME_BYTES_MAX = 1024;
const DIMENSIONS_MAX = 4;
const DEFAULT_ALIGNMENT = 32;
const ALIGNMENT_MAX = 2 ** 20;

/**
 * Reads and checks a header from the beginning of a file. @throws ModelLoadError with one sentence, `NeedsMore` where
 * `bytes` ends before the header does
 */
export function parseGguf(bytes: Buffer, fileBytes: number, path: string): GgufHeader {
  const cursor = new Cursor(bytes, fileBytes, path);
  checkVersion(cursor);
  const numTensors = cursor.count('tensors', TENSOR_BYTES_MIN, TENSORS_MAX);
  const numEntries = cursor.count('metadata keys', ENTRY_BYTES_MIN, Number.MAX_SAFE_INTEGER);
  const metadata = readMetadata(cursor, numEntries);
  const alignment = readAlignment(metadata, cursor);
  const infos = Array.from({ length: numTensors }, () => readInfo(cursor, alignment));
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  const tensors = infos.map((info) => ({ ...info, offset: dataStart + info.offset }));
  checkRanges(tensors, fileBytes, cursor);
  return { metadata, tensors: byName(tensors, cursor) };
}

function checkVersion(cursor: Cursor): void {
  const magic = [cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8()];
  if (String.fromCharCode(...magic) !== MAGIC) cursor.fail('is not a GGUF file');
  const version = cursor.u32();
  if (VERSIONS.includes(version)) return;
  if ((version & 0xffff) === 0) cursor.fail('is a big-endian GGUF file, which cannot be read');
  cursor.fail(`is GGUF version ${version}; versions 2 and 3 can be read`);
}

function readAlignment(metadata: ReadonlyMap<string, MetaValue>, cursor: Cursor): number {
  const value = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (
    typeof value === 'number' &&
    value > 0 &&
    value <= ALIGNMENT_MAX &&
    (value & (value - 1)) === 0
  ) {
    return value;
  }
  return cursor.fail(
    `has the general.alignment ${JSON.stringify(value)}, which is no power of two up to 1 MiB`,
  );
}

/** Its offset is still that from the beginning of the data. */
function readInfo(cursor: Cursor, alignment: number): GgufTensor {
  const name = cursor.text('a tensor name', NAME_BYTES_MAX);
  const fail = (why: string): never => cursor.fail(`has the tensor '${name}' ${why}`);
  const numDimensions = cursor.u32();
  if (numDimensions < 1 || numDimensions > DIMENSIONS_MAX) fail(`with ${numDimensions} dimensions`);
  const shape = Array.from({ length: numDimensions }, () => cursor.u64()).reverse();
  const number = cursor.u32();
  const type = TENSOR_TYPES[number] ?? fail(`of the unknown type ${number}`);
  const count = elements(shape);
  if (!Number.isFinite(count)) fail(`of the impossible shape [${shape.join(', ')}]`);
  if ((shape.at(-1) ?? 0) % type.elements !== 0) {
    fail(`with rows of ${shape.at(-1)} numbers, which are no whole blocks of ${type.name}`);
  }
  const offset = cursor.u64();
  if (offset % alignment !== 0)
    fail(`at ${offset}, which is no multiple of the alignment ${alignment}`);
  return { name, type, shape, offset, byteLength: (count / type.elements) * type.bytes };
}

/** Inside the file, and none over another. */
function checkRanges(tensors: readonly GgufTensor[], fileBytes: number, cursor: Cursor): void {
  let end = 0;
  let before = '';
  for (const { name, offset, byteLength } of [...tensors].sort((a, b) => a.offset - b.offset)) {
    if (offset + byteLength > fileBytes) {
      cursor.fail(
        `has the tensor '${name}' at bytes [${offset}, ${offset + byteLength}) of ${fileBytes}: ` +
          'the file is truncated or its header lies',
      );
    }
    if (offset < end) cursor.fail(`has the tensor '${name}' over the tensor '${before}'`);
    end = offset + byteLength;
    before = name;
  }
}

function byName(tensors: readonly GgufTensor[], cursor: Cursor): Map<string, GgufTensor> {
  const named = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (named.size === tensors.length) return named;
  const twice = tensors.find((tensor) => named.get(tensor.name) !== tensor);
  return cursor.fail(`has the tensor '${String(twice?.name)}' twice`);
}
