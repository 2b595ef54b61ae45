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
}

/** Rows of it that are one linear. */
export interface FusedPart {
  readonly name: string;
  readonly rows: number;
  readonly lines: Lines;
}

/** Weights and biases of the parts, under names of their own. */
export function fusedViews(
  { at, module, in: width, rows, bias }: FusedLinear,
  parts: readonly FusedPart[],
): readonly TensorView[] {
  const ofKind = (kind: 'weight' | 'bias', columns: readonly number[]): readonly TensorView[] =>
    parts.map((part) => ({
      name: `${at}.${part.name}.${kind}`,
      shape: [part.rows, ...columns],
      of: `${at}.${module}.${kind}`,
      ofShape: [rows, ...columns],
      lines: part.lines,
      along: 'rows',
      first: 0,
    }));
  return [...ofKind('weight', [width]), ...(bias ? ofKind('bias', []) : [])];
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
