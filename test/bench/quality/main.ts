/**
 * How much each weight format costs, and a cache of integers beside it:
 * `node dist/test/bench/quality/main.js --model FOLDER|FILE.gguf [--kv-cache-dtypes fp32,int8]`.
 * Teacher-forced on prose.txt in windows, each format against f32: KL, top-1 agreement, perplexity.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { PreparedCheckpoint } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { openSource } from '../../../src/model/source/registry.js';
import type { KvCacheDtype } from '../../../src/model/target.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';
import { compare, wholeText } from './compare.js';
import { type Divergence, qualityOf } from './divergence.js';
import { DEFAULT_CACHE_DIR, EXACT, loadModel, type Formats } from './loaded-model.js';

const FORMATS: readonly Quantization[] = ['none', 'w8a8_int8', 'int8', 'int4'];

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    text: { type: 'string', default: join('test', 'bench', 'quality', 'prose.txt') },
    window: { type: 'string', default: '512' },
    'kv-cache-dtypes': { type: 'string', default: 'fp32,int8' },
    formats: { type: 'string', default: FORMATS.slice(1).join(',') },
    'cache-dir': { type: 'string', default: DEFAULT_CACHE_DIR },
    threads: { type: 'string', default: '2' },
  },
});

interface Measurement {
  readonly format: string;
  readonly kvCache: string;
  readonly klNatsPerToken: number;
  readonly sameTop1: number;
  readonly perplexity: number;
  readonly numTokens: number;
  /** In the file, and as the kernels hold them. */
  readonly weightMiB: number;
  readonly loadedMiB: number;
}

async function main(folder: string): Promise<void> {
  const window = Number(values.window);
  const room = { window, threads: Number(values.threads), cacheDir: values['cache-dir'] };
  const tokenizer = await Tokenizer.load(openSource(folder).tokenizer);
  const windows = wholeText(
    [...(await tokenizer.encode(await readFile(values.text, 'utf8')))],
    window,
  );
  const reference = await loadModel(folder, EXACT, room);
  const measurements: Measurement[] = [];
  for (const quantization of values.formats.split(',') as Quantization[]) {
    for (const kvCacheDtype of values['kv-cache-dtypes'].split(',') as KvCacheDtype[]) {
      const formats = { quantization, kvCacheDtype };
      const { teacher, prepared } = await loadModel(folder, formats, room);
      const total = await compare(reference.teacher, teacher, windows);
      measurements.push(measurement(formats, total, prepared));
      await teacher.release();
    }
  }
  await reference.teacher.release();
  console.log(JSON.stringify({ bench: 'quality', model: folder, window, measurements }));
  console.table(measurements);
}

function measurement(
  { quantization, kvCacheDtype }: Formats,
  total: Divergence,
  { spec, quantized }: PreparedCheckpoint,
): Measurement {
  const { kl, sameTop1, perplexity } = qualityOf(total);
  return {
    format: quantization,
    kvCache: kvCacheDtype,
    klNatsPerToken: kl,
    sameTop1,
    perplexity,
    numTokens: total.numTokens,
    weightMiB: mebibytes(quantized?.store.totalBytes ?? spec.weightBytes),
    loadedMiB: mebibytes(spec.weightBytes),
  };
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

if (values.model === undefined) throw new Error('--model FOLDER is needed');
await main(values.model);
