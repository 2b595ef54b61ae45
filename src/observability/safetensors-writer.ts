import { open } from 'node:fs/promises';

export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array;
}

/** Writes arrays as a safetensors file: length, JSON header, data. Little-endian, as every machine here is. */
export async function writeSafetensors(
  path: string,
  arrays: readonly NamedArray[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(header(arrays, metadata));
    for (const { data } of arrays) {
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  } finally {
    await file.close();
  }
}

/** Padded with spaces, so that the data begins at a multiple of 8. */
function header(arrays: readonly NamedArray[], metadata: object): Buffer {
  let end = 0;
  const entries = arrays.map(({ name, shape, data }) => {
    const begin = end;
    end += data.byteLength;
    const dtype = data instanceof Int32Array ? 'I32' : 'F32';
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const json = Buffer.from(
    JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }),
  );
  const bytes = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8), 0);
  json.copy(bytes, 8);
  return bytes;
}
