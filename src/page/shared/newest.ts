/** The last so many of what comes with a number that grows, the newest first. */
export function newestOf<T>(
  numbered: Readonly<Record<string, T>>,
  count: number,
): readonly (readonly [number: string, value: T])[] {
  return Object.entries(numbered)
    .sort(([a], [b]) => Number(b) - Number(a))
    .slice(0, count);
}
