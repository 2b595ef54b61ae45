import { type Products, wholeMatrix } from './products.js';

/** Columns of a panel: the square on the diagonal is done in JavaScript, what is below it by the runtime. */
const PANEL = 256;

/**
 * Makes of `h [width, width]`, of which the lower triangle is read, the unit lower triangle L of `h = L D Lᵀ` in its
 * place, ones on the diagonal left out. Above the diagonal is rubbish. `smallest` is what no element of D is below, as far
 * as numbers are exact.
 *
 * A blocked Cholesky factorisation that looks to the left: a panel is what `h` has there without what the panels before
 * it explain.
 */
export async function factorUnitLower(
  products: Products,
  h: Float32Array,
  { width, smallest }: { readonly width: number; readonly smallest: number },
): Promise<void> {
  const diagonal = new Float32Array(width);
  for (let begin = 0; begin < width; begin += PANEL) {
    const end = Math.min(width, begin + PANEL);
    await explain(products, h, { begin, end, width });
    const square = choleskyOf(h, { begin, end, width }, smallest);
    for (let i = begin; i < end; i++) diagonal[i] = h[i * width + i] as number;
    if (end < width) await solveBelow(products, h, square, { begin, end, width });
  }
  // Down to here the columns are those of Cholesky's L; with ones on the diagonal they are what a rounding needs.
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < row; column++) {
      const at = row * width + column;
      h[at] = (h[at] as number) / (diagonal[column] as number);
    }
  }
}

interface Panel {
  readonly begin: number;
  readonly end: number;
  readonly width: number;
}

/** Takes from the panel's rows what the columns before it make of them. */
async function explain(products: Products, h: Float32Array, panel: Panel): Promise<void> {
  const { begin, end, width } = panel;
  if (begin === 0) return;
  const columns = end - begin;
  const below = h.subarray(begin * width);
  const explained = new Float32Array((width - begin) * columns);
  await products.rightTransposed(
    { data: below, width, begin: 0, end: begin },
    { data: h.subarray(begin * width, end * width), width, begin: 0, end: begin },
    explained,
  );
  for (let row = 0; row < width - begin; row++) {
    const at = row * width + begin;
    for (let column = 0; column < columns; column++) {
      below[at + column] =
        (below[at + column] as number) - (explained[row * columns + column] as number);
    }
  }
}

/** Cholesky's L of the panel's square, in place and as an array of its own. */
function choleskyOf(h: Float32Array, { begin, end, width }: Panel, smallest: number): Float64Array {
  const size = end - begin;
  const square = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = h[(begin + row) * width + begin + column] as number;
      for (let k = 0; k < column; k++) {
        sum -= (square[row * size + k] as number) * (square[column * size + k] as number);
      }
      const value =
        row === column
          ? Math.sqrt(Math.max(sum, smallest))
          : sum / (square[column * size + column] as number);
      square[row * size + column] = value;
      h[(begin + row) * width + begin + column] = value;
    }
  }
  return square;
}

/** What is below the square: times the inverse of its transpose. */
async function solveBelow(
  products: Products,
  h: Float32Array,
  square: Float64Array,
  { begin, end, width }: Panel,
): Promise<void> {
  const size = end - begin;
  const rows = width - end;
  const solved = new Float32Array(rows * size);
  await products.rightTransposed(
    { data: h.subarray(end * width), width, begin, end },
    wholeMatrix(inverseLower(square, size), size),
    solved,
  );
  for (let row = 0; row < rows; row++) {
    const values = solved.subarray(row * size, (row + 1) * size);
    h.set(values, (end + row) * width + begin);
  }
}

/** Of a lower triangle `[size, size]`. */
function inverseLower(lower: Float64Array, size: number): Float32Array {
  const inverse = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    inverse[column * size + column] = 1 / (lower[column * size + column] as number);
    for (let row = column + 1; row < size; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) {
        sum -= (lower[row * size + k] as number) * (inverse[k * size + column] as number);
      }
      inverse[row * size + column] = sum / (lower[row * size + row] as number);
    }
  }
  return Float32Array.from(inverse);
}
