/** Cosine of the angle between two vectors of one length; 0 where one has no direction. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}

/** `[n][n]`: of each vector with each. */
export function similarityMatrix(vectors: readonly (readonly number[])[]): readonly number[][] {
  return vectors.map((row) => vectors.map((column) => cosine(row, column)));
}

/** The texts that a box holds: one a line. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Which of so many shades a value in [low, high] gets. */
export function shadeOf(
  value: number,
  [low, high]: readonly [number, number],
  numShades: number,
): number {
  if (high <= low) return numShades - 1;
  const shade = Math.floor(((value - low) / (high - low)) * numShades);
  return Math.min(numShades - 1, Math.max(0, shade));
}
