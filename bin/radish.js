#!/usr/bin/env node
// Plain JavaScript, and nothing newer than what every Node reads: it says what is missing.
import { existsSync } from 'node:fs';

const NEEDS = 20;
const main = new URL('../dist/src/main.js', import.meta.url);
const checkout = new URL('../tsconfig.json', import.meta.url);

const missing =
  Number(process.versions.node.split('.')[0]) < NEEDS
    ? `Radish needs Node ${NEEDS} or newer; this is ${process.version}.`
    : !existsSync(main)
      ? existsSync(checkout)
        ? 'This checkout is not built: run `npm ci` and `npm start` (or `npm run build`) in it.'
        : 'This installation is incomplete: dist/src/main.js is missing. Install radish-server again.'
      : null;

if (missing === null) await import(main.href);
else {
  process.stderr.write(`${missing}\n`);
  process.exitCode = 1;
}
