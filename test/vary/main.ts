/**
 * Compares checkpoints that test/fixtures/vary*.py made with what the references computed of them:
 *
 *     node dist/test/vary/main.js FOLDER [PART OF A NAME ...] [--bits] [--formats]
 *
 * A line for each: how far off it is at most, or why it was refused. Not part of `npm test`: what such a run finds becomes
 * a golden case. With `--bits` those that generate must give the same ones in chunks, in a batch and on two threads; with
 * `--formats` they are asked so in every number format, and a line has the mean KL of each.
 * Adapters (vary_lora.py) are read for the checkpoint that they name.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Golden } from '../unit/model/golden.js';
import type { PooledGolden } from '../unit/model/pooled-golden.js';
import { bitsFound, causalError, klByFormat } from './causal.js';
import { adapterBits, adapterError, type AdapterGolden, adapterKls } from './lora.js';
import { pooledError } from './pooled.js';

/** How far apart the reference is in f32 and in f64, where it says so: nobody can be nearer. */
type Checked = (Golden | AdapterGolden | PooledGolden) & { readonly spread?: number };

const TOLERANCE = 1e-4;
/** Two computations in f32 round otherwise, and the sums of one may be longer than those of the other. */
const SPREADS = 6;
const args = process.argv.slice(2);
const asksFormats = args.includes('--formats');
const asksBits = args.includes('--bits');
const [folder = '', ...parts] = args.filter((arg) => !arg.startsWith('--'));
let numOff = 0;

for (const name of (await readdir(folder)).sort()) {
  if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
  const path = resolve(folder, name);
  const text = await readFile(join(path, 'golden.json'), 'utf8').catch(() => null);
  if (text === null) continue;
  console.log(await lineOf(name, path, JSON.parse(text) as Checked));
}
process.exitCode = numOff === 0 ? 0 : 1;

async function lineOf(name: string, path: string, golden: Checked): Promise<string> {
  try {
    if ('base' in golden && asksFormats) return `kl ${name} ${await adapterKls(path, golden)}`;
    if ('logprobs' in golden && asksFormats) return `kl ${name} ${await klByFormat(path, golden)}`;
    const error = await errorOf(path, golden);
    const isOff = !(error < TOLERANCE + SPREADS * (golden.spread ?? 0));
    const bits = asksBits ? await bitsOf(path, golden) : [];
    if (isOff || bits.length > 0) numOff++;
    return [`${isOff ? 'OFF' : 'ok'} ${name} ${error}`, ...bits].join(' OTHER BITS ');
  } catch (error) {
    numOff++;
    return `REFUSED ${name} ${error instanceof Error ? error.message : String(error)}`;
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
