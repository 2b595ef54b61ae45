import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The model that comes with the package. */
export const TINY = fileURLToPath(new URL('../../../config/tiny', import.meta.url));
export const NORM = 'model.norm.weight';

/** A copy of a model whose last norm is changed, one bf16 number after the other. */
export async function changedModel(
  folder: string,
  change: (half: number, index: number) => number,
  model = TINY,
): Promise<string> {
  await cp(model, folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path);
  const norm = normIn(file);
  for (let at = 0; at < norm.length; at += 2) {
    norm.writeUInt16LE(change(norm.readUInt16LE(at), at / 2), at);
  }
  await writeFile(path, file);
  return folder;
}

/** Another model: every second number has the other sign. */
export function otherModel(folder: string, model?: string): Promise<string> {
  return changedModel(folder, (half, i) => (i % 2 === 0 ? half ^ 0x8000 : half), model);
}

/** The bytes of the last norm of a folder. */
export async function normBytes(model: string): Promise<Buffer> {
  return normIn(await readFile(join(model, 'model.safetensors')));
}

/** A part of `file`, not a copy. */
function normIn(file: Buffer): Buffer {
  const dataStart = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, dataStart).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const [begin, end] = header[NORM]?.data_offsets ?? [0, 0];
  return file.subarray(dataStart + begin, dataStart + end);
}
