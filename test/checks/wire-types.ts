/**
 * Compares src/library/requests.ts with the tables that the parsers read by; `--write` brings it up to date.
 * Run from the repository's root.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

import { renderRequests } from './render-requests.js';

const FILE = 'src/library/requests.ts';
const config = await resolveConfig(FILE);
const expected = await format(renderRequests(), { ...config, parser: 'typescript' });

if (process.argv.includes('--write')) {
  writeFileSync(FILE, expected);
} else if (readFileSync(FILE, 'utf8') !== expected) {
  console.error(`${FILE} is out of date: node dist/test/checks/wire-types.js --write`);
  process.exitCode = 1;
}
