/**
 * Compares checkpoints that test/fixtures/vary*.py made with what the references computed of them:
 *
 *     node dist/test/vary/main.js FOLDER [PART OF A NAME ...] [--formats]
 *
 * A line for each: how far off it is at most, or why it was refused. Not part of `npm test`: what such a run finds becomes
 * a golden case. With `--formats` those that generate are asked in every number format, and a line has the mean KL of each.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Golden } from '../unit/model/golden.js';
import type { PooledGolden } from '../unit/model/pooled-golden.js';
import { causalError, klByFormat } from './causal.js';
import { pooledError } from './pooled.js';

/** How far apart the reference is in f32 and in f64, where it says so: nobody can be nearer. */
type Checked = (Golden | PooledGolden) & { readonly spread?: number };

const TOLERANCE = 1e-4;
const args = process.argv.slice(2);
const asksFormats = args.includes('--formats');
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
    const error =
      'logprobs' in golden ? await causalError(path, golden) : await pooledError(path, golden);
    const isOff = !(error < TOLERANCE + 2 * (golden.spread ?? 0));
    if (isOff) numOff++;
    return `${isOff ? 'OFF' : 'ok'} ${name} ${error}`;
  } catch (error) {
    numOff++;
    return `REFUSED ${name} ${error instanceof Error ? error.message : String(error)}`;
  }
}
