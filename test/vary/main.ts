/**
 * Compares checkpoints that test/fixtures/vary*.py made with what the references computed of them:
 *
 *     node dist/test/vary/main.js FOLDER [PART OF A NAME ...] [--bits] [--formats] [--served] [--names FILE]
 *
 * A line for each: how far off it is at most, or why it was refused. Not part of `npm test`: what such a run finds becomes
 * a golden case. With `--bits` those that generate must give the same ones in chunks, in a batch and on two threads; with
 * `--formats` they are asked so in every number format, and a line has the mean KL of each. With `--served` a device runs
 * them in every format of weights, keys and values: in chunks, in a batch, behind cached pages, with drafts.
 * Adapters (vary_lora.py) are read for the checkpoint that they name.
 * With `--names` a table follows of the architectures that FILE lists, what came of all checkpoints of each.
 */

import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { type Golden, goldenFolder } from '../unit/model/golden.js';
import type { PooledGolden } from '../unit/model/pooled-golden.js';
import { architectureOf, type Compared, namesIn, tableOf } from './by-name.js';
import { bitsFound, causalError, klByFormat } from './causal.js';
import { adapterBits, adapterError, type AdapterGolden, adapterKls } from './lora.js';
import { pooledError } from './pooled.js';
import { servedLine } from './served.js';

/** How far apart the reference is in f32 and in f64, where it says so: nobody can be nearer. */
type Checked = (Golden | AdapterGolden | PooledGolden) & { readonly spread?: number };

const TOLERANCE = 1e-4;
/** Two computations in f32 round otherwise, and the sums of one may be longer than those of the other. */
const SPREADS = 6;
const { values, positionals } = parseArgs({
  options: {
    bits: { type: 'boolean', default: false },
    formats: { type: 'boolean', default: false },
    served: { type: 'boolean', default: false },
    names: { type: 'string' },
  },
  allowPositionals: true,
});
const [folder = '', ...parts] = positionals;
const all: Compared[] = [];

for (const name of await checkpointsIn(folder)) {
  if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
  const path = resolve(folder, name);
  const golden = JSON.parse(await readFile(join(path, 'golden.json'), 'utf8')) as Checked;
  if (!('logprobs' in golden) && !('sequences' in golden)) continue;
  console.log(await lineOf(name, path, golden));
}
if (values.names !== undefined) {
  for (const line of tableOf(await namesIn(values.names), all)) console.log(line);
}
process.exitCode = all.every(({ verdict }) => verdict === 'ok') ? 0 : 1;

/** Folders below this one that have a golden.json. */
async function checkpointsIn(root: string): Promise<readonly string[]> {
  const files = await readdir(root, { recursive: true });
  return files
    .filter((file) => basename(file) === 'golden.json')
    .map((file) => dirname(file))
    .sort();
}

async function lineOf(name: string, path: string, golden: Checked): Promise<string> {
  if ('base' in golden) {
    if (values.formats) return `kl ${name} ${await adapterKls(path, golden)}`;
  } else if ('logprobs' in golden) {
    if (values.served) return `served ${name} ${await servedLine(path, golden)}`;
    if (values.formats) return `kl ${name} ${await klByFormat(path, golden)}`;
  }
  const architecture = await architectureOf('base' in golden ? goldenFolder(golden.base) : path);
  try {
    const error = await errorOf(path, golden);
    const isOff = !(error < TOLERANCE + SPREADS * (golden.spread ?? 0));
    const bits = values.bits ? await bitsOf(path, golden) : [];
    const verdict = isOff || bits.length > 0 ? 'OFF' : 'ok';
    all.push({ architecture, verdict, error, sentence: null });
    return [`${isOff ? 'OFF' : 'ok'} ${name} ${error}`, ...bits].join(' OTHER BITS ');
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    all.push({ architecture, verdict: 'REFUSED', error: null, sentence });
    return `REFUSED ${name} ${sentence}`;
  }
}

function errorOf(path: string, golden: Checked): Promise<number> {
  if ('base' in golden) return adapterError(path, golden);
  return 'logprobs' in golden ? causalError(path, golden) : pooledError(path, golden);
}

async function bitsOf(path: string, golden: Checked): Promise<readonly string[]> {
  if ('base' in golden) return adapterBits(path, golden);
  return 'logprobs' in golden ? bitsFound(path, golden) : [];
}
