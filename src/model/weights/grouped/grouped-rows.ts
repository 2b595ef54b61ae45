/**
 * Rows of a matrix `[out, in]` whose numbers are codes, each row's columns in groups that share a scale: a weight is
 * `(code - zero) * scale`. Codes and zeros have few bits, so their difference is exact and the product is rounded
 * once, as f32 arithmetic rounds it.
 */
export interface GroupedRows {
  /** `[rows, in]`. */
  readonly codes: Float32Array;
  /** `[rows, groups]`. */
  readonly scales: Float32Array;
  /** `[rows, groups]`; null = all are 0. */
  readonly zeros: Float32Array | null;
  /** `[rows, groups]`, in the place of zeros: is added to the product instead. */
  readonly minima?: Float32Array;
  /** `[in]`: the group of each column. */
  readonly groupOf: Uint32Array;
}

/** The weights `[rows, in]`. The codes' place is taken. */
export function weightsOf({ codes, scales, zeros, groupOf }: GroupedRows): Float32Array {
  const columns = groupOf.length;
  const rows = codes.length / Math.max(1, columns);
  const groups = scales.length / Math.max(1, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const group = row * groups + (groupOf[column] as number);
      const zero = zeros === null ? 0 : (zeros[group] as number);
      codes[at] = ((codes[at] as number) - zero) * (scales[group] as number);
    }
  }
  return codes;
}

/** `[in]`: the columns sorted by their group, those of one as they follow each other, and where each group ends. */
export function columnsByGroup(groupOf: Uint32Array): {
  readonly columns: Uint32Array;
  readonly ends: Uint32Array;
} {
  const counts = new Uint32Array(1 + groupOf.reduce((last, group) => Math.max(last, group), 0));
  for (const group of groupOf) counts[group] = (counts[group] as number) + 1;
  let end = 0;
  const ends = counts.map((count) => (end += count));
  const next = ends.map((groupEnd, group) => groupEnd - (counts[group] as number));
  const columns = new Uint32Array(groupOf.length);
  for (const [column, group] of groupOf.entries()) {
    const at = next[group] as number;
    columns[at] = column;
    next[group] = at + 1;
  }
  return { columns, ends };
}

/** Groups of `size` columns, one behind the other. */
export function evenGroups(columns: number, size: number): Uint32Array {
  return Uint32Array.from({ length: columns }, (_, column) => Math.floor(column / size));
}

/** One row of several. */
export function rowOf(
  { codes, scales, zeros, minima, groupOf }: GroupedRows,
  row: number,
): GroupedRows {
  const columns = groupOf.length;
  const groups = (scales.length * columns) / codes.length;
  const ofRow = (values: Float32Array): Float32Array =>
    values.subarray(row * groups, (row + 1) * groups);
  return {
    codes: codes.subarray(row * columns, (row + 1) * columns),
    scales: ofRow(scales),
    zeros: zeros && ofRow(zeros),
    ...(minima !== undefined && { minima: ofRow(minima) }),
    groupOf,
  };
}

/** Rows of the same columns and groups, those of one behind those of the other; at least one. */
export function joinedRows(parts: readonly GroupedRows[]): GroupedRows {
  const [first] = parts;
  if (first === undefined) throw new Error('no rows: this is a bug');
  const { groupOf, zeros, minima } = first;
  return {
    codes: joined(parts.map((part) => part.codes)),
    scales: joined(parts.map((part) => part.scales)),
    zeros: zeros && joined(parts.flatMap((part) => part.zeros ?? [])),
    ...(minima && { minima: joined(parts.flatMap((part) => part.minima ?? [])) }),
    groupOf,
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
