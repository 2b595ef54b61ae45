import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PreparedModel } from '../../../../src/model/graph/contract.js';
import { readGguf } from '../../../../src/model/source/gguf/read-header.js';
import type {
  LinearWeight,
  TensorRef,
  WeightMap,
} from '../../../../src/model/weights/weight-store.js';

/** What a format takes, scales and all. */
export interface Size {
  /** Bits a weight of the layers' matrices, and of those and the head. */
  readonly layerBits: number;
  readonly linearBits: number;
  /** All tensors, the embedding table among them. */
  readonly weightMiB: number;
  /** How many of the layers' matrices have which of ggml's types, and the head's; only of files. */
  readonly types?: Readonly<Record<string, number>>;
  readonly headType?: string;
}

/** One matrix: its own bytes and its numbers. */
interface Matrix {
  readonly isHead: boolean;
  readonly bytes: number;
  readonly elements: number;
}

/** As its file has it: the index of its entry in the quantization cache tells; f32 without one. */
export async function sizeOfPrepared({ spec, weightsFolder }: PreparedModel): Promise<Size> {
  if (spec.format === 'none') {
    return { layerBits: 32, linearBits: 32, weightMiB: spec.weightBytes / 2 ** 20 };
  }
  const index = JSON.parse(await readFile(join(weightsFolder, 'index.json'), 'utf8')) as {
    readonly map: WeightMap;
  };
  const matrices = Object.entries(index.map.linears).map(([name, linear]): Matrix => ({
    isHead: name === 'head',
    ...measure(linear),
  }));
  return { ...bitsOf(matrices), weightMiB: index.map.totalBytes / 2 ** 20 };
}

/** As the file has it, which is how llama.cpp computes. */
export async function sizeOfGguf(path: string): Promise<Size> {
  const { tensors } = await readGguf(path);
  const all = [...tensors.values()];
  const linears = all.filter(({ name }) => /^(blk\.\d+\..*(?<!_norm)|output)\.weight$/.test(name));
  const matrices = linears.map(({ name, byteLength, shape }): Matrix => {
    const elements = shape.reduce((product, size) => product * size, 1);
    return { isHead: name === 'output.weight', bytes: byteLength, elements };
  });
  const types: Record<string, number> = {};
  let headType = '';
  for (const { name, type } of linears) {
    if (name === 'output.weight') headType = type.name;
    else types[type.name] = (types[type.name] ?? 0) + 1;
  }
  const bytes = all.reduce((total, { byteLength }) => total + byteLength, 0);
  return { ...bitsOf(matrices), weightMiB: bytes / 2 ** 20, types, headType };
}

function measure(linear: LinearWeight): Omit<Matrix, 'isHead'> {
  switch (linear.format) {
    case 'none':
      return sum(
        linear.parts.map(({ weight }) => ({ bytes: weight.byteLength, elements: count(weight) })),
      );
    case 'w8a8_int8':
      return sum(
        linear.matrices.map(({ weight, scale }) => ({
          bytes: weight.byteLength + scale.byteLength,
          elements: count(weight),
        })),
      );
    case 'parts':
      return sum(linear.parts.map(measure));
    default: {
      const refs = [linear.weight, linear.scales, linear.zeroPoints, linear.inputOrder];
      const bytes = refs.reduce((total, ref) => total + (ref?.byteLength ?? 0), 0);
      return { bytes, elements: linear.in * linear.out };
    }
  }
}

function sum(parts: readonly Omit<Matrix, 'isHead'>[]): Omit<Matrix, 'isHead'> {
  return parts.reduce(
    (total, part) => ({
      bytes: total.bytes + part.bytes,
      elements: total.elements + part.elements,
    }),
    { bytes: 0, elements: 0 },
  );
}

function count({ shape }: TensorRef): number {
  return shape.reduce((product, size) => product * size, 1);
}

function bitsOf(matrices: readonly Matrix[]): Pick<Size, 'layerBits' | 'linearBits'> {
  const bits = (those: readonly Matrix[]) => {
    const { bytes, elements } = sum(those);
    return (8 * bytes) / elements;
  };
  return { layerBits: bits(matrices.filter(({ isHead }) => !isHead)), linearBits: bits(matrices) };
}
