/**
 * Docs read in a terminal and name files that exist: prints each line that does not hold, and fails.
 * Run from the repository's root.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_COLUMNS = 120;
/** Paths in the docs are whole, or below `src/`. */
const ROOTS = ['', 'src'];
const PATH = /`((?:[\w-]+\/)+[\w-]+\.ts)`/g;

const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name))
  .concat('README.md');

for (const page of pages) {
  for (const [index, line] of readFileSync(page, 'utf8').split('\n').entries()) {
    const where = `${page}:${index + 1}`;
    if (line.length > MAX_COLUMNS) fail(`${where} has more than ${MAX_COLUMNS} columns.`);
    for (const [, path = ''] of line.matchAll(PATH)) {
      const isThere = ROOTS.some((root) => existsSync(join(root, path)));
      if (!isThere) fail(`${where} names ${path}, which is not there.`);
    }
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
