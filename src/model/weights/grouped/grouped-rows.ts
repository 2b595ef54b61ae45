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

/**
 * `[in]`: the columns sorted by their group, those of one group as they follow each other; null = they do not make
 * groups of `size`, which divides their number.
 */
export function columnsByGroup(groupOf: Uint32Array, size: number): Uint32Array | null {
  const columns = new Uint32Array(groupOf.length);
  const filled = new Uint32Array(groupOf.length / size);
  for (const [column, group] of groupOf.entries()) {
    const count = filled[group] ?? size;
    // None has too few where none has too many.
    if (count === size) return null;
    columns[group * size + count] = column;
    filled[group] = count + 1;
  }
  return columns;
}

/** Groups of `size` columns, one behind the other. */
export function evenGroups(columns: number, size: number): Uint32Array {
  return Uint32Array.from({ length: columns }, (_, column) => Math.floor(column / size));
}
