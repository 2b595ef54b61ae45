/**
 * Compares the list of flags in docs/flags.md with the one in src/config; `--write` brings it up to date.
 * Run from the repository's root.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { withFlags } from '../../src/config/flags-markdown.js';

const PAGE = 'docs/flags.md';
const document = readFileSync(PAGE, 'utf8');
const expected = withFlags(document);

if (process.argv.includes('--write')) {
  writeFileSync(PAGE, expected);
} else if (document !== expected) {
  console.error(`The flags in ${PAGE} are out of date: node dist/test/checks/flags.js --write`);
  process.exitCode = 1;
}
