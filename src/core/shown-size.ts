const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes as people and the hub write them, in powers of a thousand: `512 B`, `12.3 MB`. */
export function shownBytes(bytes: number): string {
  return `${amount(bytes, unitOf(bytes))} ${UNITS[unitOf(bytes)] ?? ''}`;
}

/** Memory, in powers of 1024: `12 MiB`. */
export function shownMiB(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** `3.2 of 17.0 MB` */
export function shownPart(bytes: number, total: number): string {
  const unit = unitOf(total);
  return `${amount(bytes, unit)} of ${amount(total, unit)} ${UNITS[unit] ?? ''}`;
}

/** `0:07`, `12:30`, `2:05:00` */
export function shownDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const tail = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

function unitOf(bytes: number): number {
  // 999.95 kB would be shown as 1000.0 kB.
  const unit = UNITS.findIndex((_, index) => bytes < 999.95 * 1000 ** index || bytes < 1000);
  return unit < 0 ? UNITS.length - 1 : unit;
}

function amount(bytes: number, unit: number): string {
  return unit === 0 ? String(Math.round(bytes)) : (bytes / 1000 ** unit).toFixed(1);
}
