import type { TensorView } from '../../weights/tensor-view.js';
import type { Lines } from '../../weights/packing.js';

/** A linear of a checkpoint whose rows are those of several. */
export interface FusedLinear {
  /** Where it and its parts are. */
  readonly at: string;
  readonly module: string;
  readonly in: number;
  /** Of all parts. */
  readonly rows: number;
  readonly bias: boolean;
  /** The weight's columns are what else would be its rows (Conv1D). */
  readonly isTransposed?: boolean;
}

/** Rows of it that are one linear. */
export interface FusedPart {
  readonly name: string;
  readonly rows: number;
  readonly lines: Lines;
}

/** Weights and biases of the parts, under names of their own. */
export function fusedViews(
  { at, module, in: width, rows, bias, isTransposed = false }: FusedLinear,
  parts: readonly FusedPart[],
): readonly TensorView[] {
  const ofKind = (
    kind: 'weight' | 'bias',
    shapeOf: (rows: number) => readonly number[],
    ofShape: readonly number[],
  ): readonly TensorView[] =>
    parts.map((part) => ({
      name: `${at}.${part.name}.${kind}`,
      shape: shapeOf(part.rows),
      of: `${at}.${module}.${kind}`,
      ofShape,
      lines: part.lines,
      along: kind === 'weight' && isTransposed ? 'columns' : 'rows',
      first: 0,
    }));
  const weights = ofKind(
    'weight',
    (own) => [own, width],
    isTransposed ? [width, rows] : [rows, width],
  );
  return [...weights, ...(bias ? ofKind('bias', (own) => [own], [rows]) : [])];
}

/** Name of a linear whose weight a checkpoint has transposed as `module`. */
export function turned(module: string): string {
  return `${module} turned`;
}

/** Views of a linear whose weight a checkpoint has transposed, under the name that {@link turned} gives. */
export function turnedViews(linear: Omit<FusedLinear, 'isTransposed'>): readonly TensorView[] {
  const parts = inOrder([[turned(linear.module), linear.rows]]);
  return fusedViews({ ...linear, isTransposed: true }, parts);
}

/** Rows that lie one after another. */
export function inOrder(
  parts: readonly (readonly [name: string, rows: number])[],
): readonly FusedPart[] {
  let end = 0;
  return parts.map(([name, rows]) => {
    end += rows;
    const lines = { begin: end - rows, run: rows, stride: rows, order: null };
    return { name, rows, lines };
  });
}
