import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { findWeight } from '../../../../../src/model/weights/find-weight.js';
import { encodeF16 } from '../../../../../src/model/weights/floats.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { readFloats } from '../../../../../src/model/weights/stored-rows.js';
import { safetensorsFile, type FileTensor } from '../../safetensors-file.js';
import type { Tensors } from './fixtures.js';

/** A module of a checkpoint that has no other. */
export const NAME = 'model.layers.0.mlp.up_proj';

/** What is wrong with the module, and the sentence that says it. */
export type Breakage = readonly [
  what: string,
  config: object,
  change: (tensors: Tensors) => Tensors,
  message: RegExp,
];

/** A checkpoint of the module, whose tensors are named by their endings. */
export async function folderOf(
  t: Test,
  quantization_config: object | null,
  tensors: Tensors,
): Promise<string> {
  const folder = t.testdir();
  const named = Object.entries(tensors).map(([name, tensor]) => [`${NAME}.${name}`, tensor]);
  const file = safetensorsFile(Object.fromEntries(named) as Tensors);
  await writeFile(join(folder, 'config.json'), JSON.stringify({ quantization_config }));
  await writeFile(join(folder, 'model.safetensors'), file);
  return folder;
}

/** Pieces of rows of the weight, one behind the other. */
export async function readWeight(
  folder: string,
  shape: readonly number[],
  pieces: readonly (readonly [number, number])[],
): Promise<Float32Array> {
  const weight = findWeight(await openSource(folder).weights(), `${NAME}.weight`, shape);
  const files = new InputFiles();
  try {
    const values = pieces.map(([begin, end]) => [...readFloats(files, weight, begin, end)]);
    return Float32Array.from(values.flat());
  } finally {
    files.close();
  }
}

/** Zeros without values. */
export function words(shape: readonly number[], values?: readonly number[]): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Buffer.from(Uint32Array.from(values ?? new Array<number>(count).fill(0)).buffer);
  return { dtype: 'I32', shape, data };
}

/** Half-precision numbers; zeros without values. */
export function halves(shape: readonly number[], values?: Float32Array): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Buffer.from(encodeF16(values ?? new Float32Array(count)).buffer);
  return { dtype: 'F16', shape, data };
}
