/** GGUF files, sound ones and any others. */

/** A value with its type's number; a list has the type of its values in front. */
export type Meta =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'u64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'list'; readonly of: Meta['type']; readonly value: readonly Meta[] };

export interface GgufFileTensor {
  readonly name: string;
  /** ggml's order: the fastest dimension first. */
  readonly dimensions: readonly (number | bigint)[];
  readonly type: number;
  /** From the beginning of the data; default: behind the tensor before. */
  readonly offset?: number | bigint;
  readonly bytes: Uint8Array;
}

export interface GgufFileParts {
  readonly magic?: string;
  readonly version?: number;
  /** What the file claims; default: what it has. */
  readonly numTensors?: bigint;
  readonly numEntries?: bigint;
  readonly metadata: readonly (readonly [string, Meta])[];
  readonly tensors: readonly GgufFileTensor[];
}

const TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, list: 9, u64: 10 } as const;
const ALIGNMENT = 32;

export function u32(value: number): Meta {
  return { type: 'u32', value };
}

export function f32(value: number): Meta {
  return { type: 'f32', value };
}

export function bool(value: boolean): Meta {
  return { type: 'bool', value };
}

export function text(value: string): Meta {
  return { type: 'text', value };
}

export function texts(values: readonly string[]): Meta {
  return { type: 'list', of: 'text', value: values.map(text) };
}

export function u32s(values: readonly number[]): Meta {
  return { type: 'list', of: 'u32', value: values.map(u32) };
}

export function i32s(values: readonly number[]): Meta {
  return { type: 'list', of: 'i32', value: values.map((value) => ({ type: 'i32', value })) };
}

export function f32s(values: readonly number[]): Meta {
  return { type: 'list', of: 'f32', value: values.map(f32) };
}

/** The bytes of a file, its tensors' data aligned to 32. */
export function ggufFile(parts: GgufFileParts): Buffer {
  const { magic = 'GGUF', version = 3, metadata, tensors } = parts;
  const head = [
    Buffer.from(magic, 'latin1'),
    int32(version),
    int64(parts.numTensors ?? BigInt(tensors.length)),
    int64(parts.numEntries ?? BigInt(metadata.length)),
    ...metadata.flatMap(([key, value]) => [string(key), int32(TYPES[value.type]), encoded(value)]),
  ];
  let end = 0;
  for (const { name, dimensions, type, offset, bytes } of tensors) {
    const sizes = dimensions.map((size) => int64(BigInt(size)));
    head.push(string(name), int32(dimensions.length), ...sizes, int32(type));
    head.push(int64(BigInt(offset ?? end)));
    end += aligned(bytes.length);
  }
  const header = Buffer.concat(head);
  const data = tensors.map(({ bytes }) => padded(Buffer.from(bytes)));
  return Buffer.concat([padded(header), ...data]);
}

function encoded(meta: Meta): Buffer {
  switch (meta.type) {
    case 'u32':
    case 'i32':
      return int32(meta.value);
    case 'f32':
      return Buffer.from(Float32Array.of(meta.value).buffer);
    case 'bool':
      return Buffer.of(meta.value ? 1 : 0);
    case 'u64':
      return int64(meta.value);
    case 'text':
      return string(meta.value);
    case 'list':
      return Buffer.concat([
        int32(TYPES[meta.of]),
        int64(BigInt(meta.value.length)),
        ...meta.value.map(encoded),
      ]);
  }
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int64(BigInt(bytes.length)), bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
