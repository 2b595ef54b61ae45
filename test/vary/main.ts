/**
 * Compares checkpoints that test/fixtures/vary*.py made with what the references computed of them:
 *
 *     node dist/test/vary/main.js FOLDER [PART OF A NAME ...] [--bits] [--formats] [--served]
 *
 * A line for each: how far off it is at most, or why it was refused. Not part of `npm test`: what such a run finds becomes
 * a golden case. With `--bits` those that generate must give the same ones in chunks, in a batch and on two threads; with
 * `--formats` they are asked so in every number format, and a line has the mean KL of each. With `--served` a device runs
 * them in every format of weights, keys and values: in chunks, in a batch, behind cached pages, with drafts.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Golden } from '../unit/model/golden.js';
import type { PooledGolden } from '../unit/model/pooled-golden.js';
import { bitsFound, causalError, klByFormat } from './causal.js';
import { pooledError } from './pooled.js';
import { servedLine } from './served.js';

/** How far apart the reference is in f32 and in f64, where it says so: nobody can be nearer. */
type Checked = (Golden | PooledGolden) & { readonly spread?: number };

const TOLERANCE = 1e-4;
/** Two computations in f32 round otherwise, and the sums of one may be longer than those of the other. */
const SPREADS = 6;
const args = process.argv.slice(2);
const asksFormats = args.includes('--formats');
const asksServed = args.includes('--served');
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
    if ('logprobs' in golden && asksFormats) return `kl ${name} ${await klByFormat(path, golden)}`;
    if ('logprobs' in golden && asksServed)
      return `served ${name} ${await servedLine(path, golden)}`;
    const error =
      'logprobs' in golden ? await causalError(path, golden) : await pooledError(path, golden);
    const isOff = !(error < TOLERANCE + SPREADS * (golden.spread ?? 0));
    const bits = asksBits && 'logprobs' in golden ? await bitsFound(path, golden) : [];
    if (isOff || bits.length > 0) numOff++;
    return [`${isOff ? 'OFF' : 'ok'} ${name} ${error}`, ...bits].join(' OTHER BITS ');
  } catch (error) {
    numOff++;
    return `REFUSED ${name} ${error instanceof Error ? error.message : String(error)}`;
  }
}
