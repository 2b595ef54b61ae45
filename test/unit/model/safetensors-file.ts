import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openCheckpoint } from '../../../src/model/source/safetensors.js';

/** A tensor of a test file: bf16, f16 or f32 bytes are the test's own business. */
export interface FileTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Buffer;
}

/** A correct safetensors file. */
export function safetensorsFile(tensors: Readonly<Record<string, FileTensor>>): Buffer {
  let end = 0;
  const header = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const data = Object.values(tensors).map((tensor) => tensor.data);
  return rawFile(Object.fromEntries(header), Buffer.concat(data));
}

/** Any header before any data. */
export function rawFile(header: unknown, data: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

export function f32(shape: readonly number[], values: ArrayLike<number>): FileTensor {
  return { dtype: 'F32', shape, data: Buffer.from(Float32Array.from(values).buffer) };
}

export function zeros(shape: readonly number[]): FileTensor {
  return f32(shape, new Float32Array(shape.reduce((product, size) => product * size, 1)));
}

/** The tensors of a folder's one file. */
export async function readTensors(folder: string): Promise<Record<string, FileTensor>> {
  const bytes = await readFile(join(folder, 'model.safetensors'));
  const { tensors } = await openCheckpoint(folder);
  const read = [...tensors].map(([name, { offset, byteLength, storedDtype, shape }]) => {
    const data = Buffer.from(bytes.subarray(offset, offset + byteLength));
    return [name, { dtype: storedDtype, shape, data }] as const;
  });
  return Object.fromEntries(read);
}
