#!/usr/bin/env node
// `npm start` in a checkout: builds what the server needs and the page it shows, then is `radish`. One process, so that signals reach it.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function compiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    process.stderr.write('The packages are not installed: run `npm ci` first.\n');
    process.exit(1);
  }
}

const built = spawnSync(process.execPath, [compiler(), '-p', `${root}tsconfig.server.json`], {
  stdio: ['ignore', 2, 2],
});
if (built.status !== 0) process.exit(1);
const { buildPage } = await import('./build-page.js');
await buildPage();
await import('../dist/src/main.js');
