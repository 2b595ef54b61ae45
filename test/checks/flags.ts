/**
 * Compares the README's table of flags with the one in src/config; `--write` brings it up to date.
 * Run from the repository's root.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { withFlags } from '../../src/config/flags-markdown.js';

const README = 'README.md';
const document = readFileSync(README, 'utf8');
const expected = withFlags(document);

if (process.argv.includes('--write')) {
  writeFileSync(README, expected);
} else if (document !== expected) {
  console.error(`The flags in ${README} are out of date: node dist/test/checks/flags.js --write`);
  process.exitCode = 1;
}
