/** A process's environment; load.ts alone reads that of this one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is empty is as good as none. */
export function nonEmpty(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
