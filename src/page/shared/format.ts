/** Numbers as the page writes them. */
const WHOLE = new Intl.NumberFormat('en');
const UNITS = ['', 'k', 'M', 'G', 'T'];

/** 1234 → 1,234 */
export function whole(value: number): string {
  return WHOLE.format(Math.round(value));
}

/** 1234567 → 1.23M: three digits. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return Number.isInteger(value) ? String(value) : digits(value);
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(size) / 3));
  return `${digits(value / 1000 ** step)}${UNITS[step] ?? ''}`;
}

/** Three digits, or as many as stand before the point. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** 0.0123 → 1.2 % */
export function percent(fraction: number): string {
  const value = 100 * fraction;
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** 1234 → 1.23 s, 87.2 → 87.2 ms */
export function duration(ms: number): string {
  if (ms < 1000) return `${digits(ms)} ms`;
  if (ms < 60_000) return `${digits(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

/** 5432 → 5 s ago */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** "1 token", "2 tokens" */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
