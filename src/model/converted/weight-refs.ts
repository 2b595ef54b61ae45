import { DTYPE_BYTES, type TensorRef, type WeightMap } from '../weights/weight-store.js';

/** The map with `move` of every tensor in it in that one's place, wherever it stands. */
export function movedRefs(map: WeightMap, move: (ref: TensorRef) => TensorRef): WeightMap {
  return moved(map, move) as WeightMap;
}

function moved(value: unknown, move: (ref: TensorRef) => TensorRef): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => moved(item, move));
  if (typeof value !== 'object' || value === null) return value;
  if ('file' in value) return move(value as TensorRef);
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, moved(of, move)]));
}

/** Whether it is a tensor of a file of so many bytes: known type, whole shape, bytes that agree with both. */
export function isRefWithin(
  ref: Partial<Record<keyof TensorRef, unknown>>,
  fileBytes: number,
): boolean {
  const { offset, byteLength, dtype, shape } = ref;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) return false;
  if (!Array.isArray(shape) || !shape.every(isSize) || !isSize(offset) || !isSize(byteLength)) {
    return false;
  }
  const width = DTYPE_BYTES[dtype as TensorRef['dtype']];
  const bytes = shape.reduce((product: number, size: number) => product * size, width);
  return bytes === byteLength && offset + byteLength <= fileBytes;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
