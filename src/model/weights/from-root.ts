import { parse, relative, sep } from 'node:path';
import type { BlockLinear, LinearWeight, TensorRef, WeightStore } from './weight-store.js';

/** The same weights, their files named from the root of the file system: the runtime takes files of one folder. */
export function fromRoot(store: WeightStore): WeightStore {
  const { root } = parse(store.folder);
  const prefix = relative(root, store.folder).split(sep).join('/');
  const moved = (ref: TensorRef): TensorRef => ({ ...ref, file: `${prefix}/${ref.file}` });
  return {
    ...store,
    folder: root,
    tensor: (name) => moved(store.tensor(name)),
    linear: (name) => movedLinear(store.linear(name), moved),
  };
}

function movedLinear(linear: LinearWeight, moved: (ref: TensorRef) => TensorRef): LinearWeight {
  const movedBias = (bias: TensorRef | null): TensorRef | null => bias && moved(bias);
  switch (linear.format) {
    case 'none': {
      const parts = linear.parts.map(({ weight, bias }) => ({
        weight: moved(weight),
        bias: movedBias(bias),
      }));
      return { ...linear, parts };
    }
    case 'w8a8_int8': {
      const matrices = linear.matrices.map(({ weight, scale, bias }) => ({
        weight: moved(weight),
        scale: moved(scale),
        bias: movedBias(bias),
      }));
      return { ...linear, matrices };
    }
    case 'parts':
      return { ...linear, parts: linear.parts.map((part) => movedBlocks(part, moved)) };
    case 'int8':
    case 'int4':
      return movedBlocks(linear, moved);
  }
}

function movedBlocks(linear: BlockLinear, moved: (ref: TensorRef) => TensorRef): BlockLinear {
  const { weight, scales, zeroPoints, inputOrder, bias } = linear;
  return {
    ...linear,
    weight: moved(weight),
    scales: moved(scales),
    ...(zeroPoints !== undefined && { zeroPoints: moved(zeroPoints) }),
    ...(inputOrder !== undefined && { inputOrder: moved(inputOrder) }),
    bias: bias && moved(bias),
  };
}
