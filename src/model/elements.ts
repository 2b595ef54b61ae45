/** Product of a shape; exact, or infinite for shapes past 2^53. */
export function elements(shape: readonly number[]): number {
  const product = shape.reduce((total, size) => total * size, 1);
  return Number.isSafeInteger(product) ? product : Number.POSITIVE_INFINITY;
}
