import { readFileSync, writeFileSync } from 'node:fs';

import { renderChart } from './draw/chart.js';
import type { Results } from './results.js';
import { withTables } from './tables.js';

const PAGE = 'docs/quality-and-speed.md';
const CHART = 'docs/quality-and-speed.svg';

/** The files that are made of the results, by path. From the repository's root. */
export function pageFiles(results: Results): ReadonlyMap<string, string> {
  return new Map([
    [CHART, renderChart(results)],
    [PAGE, withTables(readFileSync(PAGE, 'utf8'), results)],
  ]);
}

export function writePage(results: Results): void {
  for (const [path, content] of pageFiles(results)) writeFileSync(path, content);
}
