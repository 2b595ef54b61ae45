/**
 * Compares the picture and the tables of docs/quality-and-speed.md with what the bench's results give; `--write` brings
 * them up to date. Run from the repository's root.
 */
import { existsSync, readFileSync } from 'node:fs';

import { readResults, RESULTS_FILE } from '../bench/quality/page/results.js';
import { pageFiles, writePage } from '../bench/quality/page/write-page.js';

const results = readResults();
if (results === null) throw new Error(`${RESULTS_FILE} cannot be read`);
if (process.argv.includes('--write')) {
  writePage(results);
} else {
  for (const [path, expected] of pageFiles(results)) {
    if (existsSync(path) && readFileSync(path, 'utf8') === expected) continue;
    console.error(`${path} is out of date: node dist/test/checks/quality-page.js --write`);
    process.exitCode = 1;
  }
}
