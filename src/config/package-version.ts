import { readFileSync } from 'node:fs';

/** Of this package, as its package.json says. */
export function packageVersion(): string {
  // Relative to dist/src/config.
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
