import type { Cursor } from './cursor.js';

export type MetaValue = number | boolean | string | readonly MetaValue[];

/** More than any file has. */
const ENTRIES_MAX = 65_536;
/** Values of all lists together: the largest vocabularies have some hundred thousand tokens. */
const VALUES_MAX = 8 * 2 ** 20;
const KEY_BYTES_MAX = 65_535;
const TEXT_BYTES_MAX = 64 * 2 ** 20;
const DEPTH_MAX = 4;

/** A key's length and type, and the smallest value behind them. */
export const ENTRY_BYTES_MIN = 8 + 4 + 1;
const LIST = 9;

interface ScalarType {
  readonly leastBytes: number;
  readonly read: (cursor: Cursor) => MetaValue;
}

/** By the format's number; 9 is a list. */
const SCALARS: Readonly<Record<number, ScalarType>> = {
  0: { leastBytes: 1, read: (cursor) => cursor.u8() },
  1: { leastBytes: 1, read: (cursor) => cursor.i8() },
  2: { leastBytes: 2, read: (cursor) => cursor.u16() },
  3: { leastBytes: 2, read: (cursor) => cursor.i16() },
  4: { leastBytes: 4, read: (cursor) => cursor.u32() },
  5: { leastBytes: 4, read: (cursor) => cursor.i32() },
  6: { leastBytes: 4, read: (cursor) => cursor.f32() },
  7: { leastBytes: 1, read: (cursor) => cursor.u8() !== 0 },
  8: { leastBytes: 8, read: (cursor) => cursor.text('a text', TEXT_BYTES_MAX) },
  10: { leastBytes: 8, read: (cursor) => cursor.u64() },
  11: { leastBytes: 8, read: (cursor) => cursor.i64() },
  12: { leastBytes: 8, read: (cursor) => cursor.f64() },
};

/** `count` keys with their values, as they stand behind the file's counts. @throws ModelLoadError */
export function readMetadata(cursor: Cursor, count: number): ReadonlyMap<string, MetaValue> {
  if (count > ENTRIES_MAX)
    cursor.fail(`claims ${count} metadata keys; at most ${ENTRIES_MAX} are possible`);
  const metadata = new Map<string, MetaValue>();
  const room = { values: VALUES_MAX };
  for (let i = 0; i < count; i++) {
    const key = cursor.text('a metadata key', KEY_BYTES_MAX);
    if (metadata.has(key)) cursor.fail(`has the metadata key '${key}' twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), { key, depth: 0, room }));
  }
  return metadata;
}

interface Place {
  readonly key: string;
  /** Lists around the value. */
  readonly depth: number;
  /** What is left for the lists that follow. */
  readonly room: { values: number };
}

function readValue(cursor: Cursor, type: number, place: Place): MetaValue {
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar.read(cursor);
  if (type === LIST) return readList(cursor, place);
  return cursor.fail(`has the metadata key '${place.key}' with the unknown type ${type}`);
}

function readList(cursor: Cursor, place: Place): readonly MetaValue[] {
  const { key, depth, room } = place;
  if (depth === DEPTH_MAX) cursor.fail(`has lists in lists too deep in the metadata key '${key}'`);
  const type = cursor.u32();
  const leastBytes = type === LIST ? 12 : (SCALARS[type]?.leastBytes ?? 1);
  const count = cursor.count(`values of the metadata key '${key}'`, leastBytes, room.values);
  room.values -= count;
  const values: MetaValue[] = [];
  for (let i = 0; i < count; i++) {
    values.push(readValue(cursor, type, { key, depth: depth + 1, room }));
  }
  return values;
}
