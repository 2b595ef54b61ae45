import type { CheckpointFile, CheckpointTensor } from '../checkpoint.js';
import type { BlockPacking } from '../../weights/packing.js';
import type { GgufArchitecture, GgufModel, ModuleNames } from './architectures/architecture.js';
import type { GgufTensor } from './header.js';
import { shapeThere } from './shapes.js';

const LAYER = /^blk\.(\d{1,6})\.(.+)$/;
const KIND = /^(.+)\.(weight|bias)$/;
/** One expert's matrix, as files had it before all of them were one tensor. */
const OWN_EXPERT = /^(ffn_(?:gate|up|down))\.(\d{1,6})\.weight$/;

interface Source {
  readonly architecture: GgufArchitecture;
  readonly model: GgufModel;
}

/** The tensors of a file under Hugging Face's names; what no network has there is left out. */
export function namedTensors(
  tensors: Iterable<GgufTensor>,
  { path }: CheckpointFile,
  as: Source,
): CheckpointTensor[] {
  return [...tensors].flatMap((tensor) =>
    partsOf(tensor, namesOf(tensor.name, as), as.model).map((part) => stored(part, path, as)),
  );
}

/** Vectors of the metadata. */
export function givenTensors({ path }: CheckpointFile, as: Source): CheckpointTensor[] {
  return [...as.architecture.given(as.model)].map(([name, values]) => ({
    name,
    path,
    offset: 0,
    byteLength: 0,
    storedDtype: 'F32',
    dtype: 'f32',
    packing: { kind: 'given', values },
    shape: [values.length],
  }));
}

/** What a tensor, or so many of its rows, is called there; `*` stands for each expert's number. */
interface Named {
  readonly name: string;
  /** Null = all. */
  readonly rows: number | null;
}

function namesOf(name: string, { architecture, model }: Source): readonly Named[] {
  const [, number, inLayer] = LAYER.exec(name) ?? [];
  if (number === undefined || inLayer === undefined) {
    const outer = lookUp(architecture.outer, name);
    return outer === null ? [] : [{ name: outer, rows: null }];
  }
  const at = `${architecture.layerPrefix}${number}.`;
  const table = architecture.layer(model);
  const named = (key: string, rows: number | null): readonly Named[] => {
    const found = lookUp(table, key);
    return found === null ? [] : [{ name: at + found, rows }];
  };
  const [, matrix, expert] = OWN_EXPERT.exec(inLayer) ?? [];
  if (matrix !== undefined && expert !== undefined) {
    return named(`${matrix}_exps.weight`, null).map((one) => ({
      ...one,
      name: one.name.replace('*', expert),
    }));
  }
  const [, part = '', kind = ''] = KIND.exec(inLayer) ?? [];
  const parts = architecture.split(part, model);
  if (parts === null) return named(inLayer, null);
  return parts.flatMap(({ part: own, rows }) => named(`${own}.${kind}`, rows));
}

/** By the whole name of a tensor, or by what stands before its end. */
function lookUp(table: ModuleNames, name: string): string | null {
  if (Object.hasOwn(table, name)) return table[name] ?? null;
  const [, part = '', kind = ''] = KIND.exec(name) ?? [];
  return Object.hasOwn(table, part) ? `${table[part]}.${kind}` : null;
}

/** The bytes of each of its names lie one behind the other, in each expert's if they are of experts. */
function partsOf(
  tensor: GgufTensor,
  named: readonly Named[],
  model: GgufModel,
): readonly GgufTensor[] {
  const isOfExperts = named.some(({ name }) => name.includes('*'));
  const wholes = isOfExperts ? expertsOf(tensor) : [tensor];
  return wholes.flatMap((whole, expert) => {
    const names = named.map((one) => ({ ...one, name: one.name.replace('*', String(expert)) }));
    return rowsOf(whole, names, model);
  });
}

/** `[numExperts, …]` as a tensor for each expert. */
function expertsOf(tensor: GgufTensor): GgufTensor[] {
  const [count = 1, ...shape] = tensor.shape;
  const byteLength = tensor.byteLength / count;
  return Array.from({ length: count }, (_, expert) => ({
    ...tensor,
    shape,
    byteLength,
    offset: tensor.offset + expert * byteLength,
  }));
}

function rowsOf(
  tensor: GgufTensor,
  named: readonly Named[],
  { fields }: GgufModel,
): readonly GgufTensor[] {
  const [count = 1, ...shape] = tensor.shape;
  const said = named.reduce((sum, { rows }) => sum + (rows ?? count), 0);
  const isCount = ({ rows }: Named): boolean =>
    rows === null || (Number.isInteger(rows) && rows > 0);
  if (named.length > 0 && (said !== count || !named.every(isCount))) {
    fields.fail(`"${tensor.name}" has ${count} rows, and its parts should have ${said}`);
  }
  let begin = 0;
  return named.map(({ name, rows }) => {
    const own = rows ?? count;
    const bytesBefore = (tensor.byteLength / count) * begin;
    begin += own;
    return {
      ...tensor,
      name,
      shape: [own, ...shape],
      offset: tensor.offset + bytesBefore,
      byteLength: (tensor.byteLength / count) * own,
    };
  });
}

function stored(
  { name, type, offset, byteLength, shape }: GgufTensor,
  path: string,
  { architecture, model }: Source,
): CheckpointTensor {
  const { encoding } = type;
  const there = shapeThere(name, shape);
  const place = { name, path, offset, byteLength, storedDtype: type.name, shape: there };
  if (encoding === null) return { ...place, dtype: null, packing: null };
  const change = architecture.change(name, model);
  const packing: BlockPacking = { kind: 'blocks', encoding, ...change };
  const isPlain = Object.values(change).every((value) => value === null || value === 0);
  if (isPlain && (encoding === 'f32' || encoding === 'f16' || encoding === 'bf16')) {
    return { ...place, dtype: encoding, packing: null };
  }
  return { ...place, dtype: 'f32', packing };
}
