/**
 * The tests on other releases of Node: `npm run test:nodes`, or `-- --quick` for what shows most. This machine's own
 * Node runs all of them in `npm test`. On each, this machine's own too, the package is installed from its tarball. Ends
 * with tap's own summary, of files and installations.
 */
import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { installFailureOf, packed } from './install.js';

const run = promisify(execFile);

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '22.23.5,24.22.3,26.12.1' },
    quick: { type: 'boolean', default: false },
  },
});

const DIST = fileURLToPath(new URL('../', import.meta.url));
const FETCH = fileURLToPath(new URL('../../../test/nodes/fetch-node.sh', import.meta.url));
/** The engine that serves there, requests of every kind through it, and the native parts. */
const QUICK =
  /^(unit\/(http|boot|api\/ws|text\/tokenizer)\/|unit\/api\/http\.|e2e\/(generate|openai|websocket)\.)/;
const ALL = /^(unit|conformance|fuzz|sim|e2e)\//;
const TIMEOUT_MS = 600_000;
/** As .taprc has it. */
const ENV = { ...process.env, TAP_TIMEOUT: '300' };

/** Null where the file passes, else the end of what it printed. */
async function failureOf(node: string, file: string): Promise<string | null> {
  try {
    await run(node, [file], { timeout: TIMEOUT_MS, maxBuffer: 2 ** 28, env: ENV });
    return null;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const wrong = stdout.split('\n').filter((line) => line.trimStart().startsWith('not ok'));
    return [...wrong, ...stderr.split('\n').slice(-10)].join('\n');
  }
}

const wanted = values.quick ? QUICK : ALL;
const files = (await readdir(DIST, { recursive: true }))
  .filter((file) => file.endsWith('.test.js') && wanted.test(file))
  .sort();
let numPassed = 0;
let numFailed = 0;
const tarball = await packed();
if (tarball === null) console.log('What an installation needs cannot be had: not installed');
else await tryInstall(`Node ${process.version.slice(1)}`, process.execPath);
for (const release of values.nodes.split(',')) {
  const fetched = await run('bash', [FETCH, release]).catch(() => null);
  if (fetched === null) {
    console.log(`Node ${release} cannot be had: not run`);
    continue;
  }
  const node = fetched.stdout.trim();
  await tryInstall(`Node ${release}`, node);
  for (const file of files) await tryFile(`Node ${release}: ${file}`, node, DIST + file);
}
if (tarball !== null) await rm(tarball.folder, { recursive: true });
console.log(`# { total: ${numPassed + numFailed}, pass: ${numPassed}, fail: ${numFailed} }`);
process.exitCode = numFailed === 0 ? 0 : 1;

async function tryInstall(name: string, node: string): Promise<void> {
  if (tarball === null) return;
  count(`${name}: installed`, await installFailureOf(node, tarball, values.quick));
}

/** What fails is tried once more, so that a machine with other work says nothing of a Node; that it failed is printed. */
async function tryFile(name: string, node: string, file: string): Promise<void> {
  const first = await failureOf(node, file);
  if (first === null) {
    count(name, null);
    return;
  }
  console.log(`# ${name}: failed, and is tried again\n${first.replaceAll(/^/gm, '# ')}`);
  count(`${name}, at the second try`, await failureOf(node, file));
}

function count(name: string, failure: string | null): void {
  if (failure === null) numPassed++;
  else numFailed++;
  console.log(`${failure === null ? 'ok' : 'not ok'} - ${name}`);
  if (failure !== null) console.log(failure);
}
