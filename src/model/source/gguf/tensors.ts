import type { CheckpointFile, CheckpointTensor } from '../checkpoint.js';
import type { BlockPacking } from '../../weights/packing.js';
import type { GgufArchitecture, GgufModel } from './architectures/architecture.js';
import type { GgufTensor } from './header.js';

const LAYER = /^blk\.(\d{1,6})\.(\w+)\.(weight|bias)$/;
const OUTER = /^(\w+)\.(weight|bias)$/;

/** The tensors of a file under Hugging Face's names; what no network has there is left out. */
export function namedTensors(
  tensors: Iterable<GgufTensor>,
  { path }: CheckpointFile,
  as: { readonly architecture: GgufArchitecture; readonly model: GgufModel },
): CheckpointTensor[] {
  return [...tensors].flatMap((tensor) => {
    const name = nameOf(tensor.name, as.architecture);
    if (name === null) return [];
    const parts = name.includes('*') ? expertsOf(tensor, name) : [{ ...tensor, name }];
    return parts.map((part) => stored({ ...part, shape: shapeOf(part) }, path, as));
  });
}

function nameOf(name: string, { layer, outer, layerPrefix }: GgufArchitecture): string | null {
  const [, number, part = '', kind] = LAYER.exec(name) ?? [];
  if (number !== undefined) {
    const module = lookUp(layer, part);
    return module === null ? null : `${layerPrefix}${number}.${module}.${kind}`;
  }
  const [, outerPart = '', outerKind] = OUTER.exec(name) ?? [];
  const module = lookUp(outer, outerPart);
  return module === null ? null : `${module}.${outerKind}`;
}

function lookUp(table: Readonly<Record<string, string>>, key: string): string | null {
  return Object.hasOwn(table, key) ? (table[key] ?? null) : null;
}

/** `[numExperts, …]` as a tensor for each expert: their bytes lie one behind the other. */
function expertsOf(tensor: GgufTensor, name: string): GgufTensor[] {
  const [count = 1, ...shape] = tensor.shape;
  const byteLength = tensor.byteLength / count;
  return Array.from({ length: count }, (_, expert) => ({
    ...tensor,
    name: name.replace('*', String(expert)),
    shape,
    byteLength,
    offset: tensor.offset + expert * byteLength,
  }));
}

/** Matrices of one row are stored as vectors. */
function shapeOf({ name, shape }: GgufTensor): readonly number[] {
  const isMatrix = /(shared_expert_gate|token_type_embeddings)\.weight$/.test(name);
  return isMatrix && shape.length === 1 ? [1, ...shape] : shape;
}

function stored(
  { name, type, offset, byteLength, shape }: GgufTensor,
  path: string,
  { architecture, model }: { readonly architecture: GgufArchitecture; readonly model: GgufModel },
): CheckpointTensor {
  const { encoding } = type;
  const place = { name, path, offset, byteLength, storedDtype: type.name, shape };
  if (encoding === null) return { ...place, dtype: null, packing: null };
  const packing: BlockPacking = { kind: 'blocks', encoding, ...architecture.change(name, model) };
  const isPlain = packing.pairedRows === null && packing.plus === 0;
  if (isPlain && (encoding === 'f32' || encoding === 'f16' || encoding === 'bf16')) {
    return { ...place, dtype: encoding, packing: null };
  }
  return { ...place, dtype: 'f32', packing };
}
