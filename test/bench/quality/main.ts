/**
 * How much each weight format costs, and a cache of integers beside it:
 * `node dist/test/bench/quality/main.js --model FOLDER [--kv-cache-dtypes fp32,int8]`.
 * Teacher-forced on prose.txt in windows, each format against f32: KL, top-1 agreement, perplexity.
 */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { folderFiles } from '../../../src/core/named-files.js';
import { CpuPool, quantizeOn } from '../../../src/cpu/pool.js';
import { calibrateOnText, roundingTexts } from '../../../src/fleet/calibrate-on-text.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { ON_CPU, type KvCacheDtype } from '../../../src/model/target.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';
import { addRows, type Divergence, NO_DIVERGENCE } from './divergence.js';
import { Teacher } from './teacher.js';

const FORMATS: readonly Quantization[] = ['none', 'w8a8_int8', 'int8', 'int4'];

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    text: { type: 'string', default: join('test', 'bench', 'quality', 'prose.txt') },
    window: { type: 'string', default: '512' },
    'kv-cache-dtypes': { type: 'string', default: 'fp32,int8' },
    formats: { type: 'string', default: FORMATS.slice(1).join(',') },
    'cache-dir': { type: 'string', default: join(tmpdir(), 'radish-quality') },
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
  readonly weightMiB: number;
}

async function main(folder: string): Promise<void> {
  const window = Number(values.window);
  const tokenizer = await Tokenizer.load(folderFiles(folder));
  const tokens = [...(await tokenizer.encode(await readFile(values.text, 'utf8')))];
  const reference = await load(folder, { quantization: 'none', kvCacheDtype: 'fp32' }, window);
  const measurements: Measurement[] = [];
  for (const format of values.formats.split(',') as Quantization[]) {
    for (const kvCacheDtype of values['kv-cache-dtypes'].split(',') as KvCacheDtype[]) {
      const formats = { quantization: format, kvCacheDtype };
      const candidate = await load(folder, formats, window);
      const total = await compare(reference.teacher, candidate, { tokens, window });
      measurements.push(measurement(formats, total, candidate.weightBytes));
      await candidate.teacher.release();
    }
  }
  await reference.teacher.release();
  console.log(JSON.stringify({ bench: 'quality', model: folder, window, measurements }));
  console.table(measurements);
}

interface Loaded {
  readonly teacher: Teacher;
  readonly vocab: number;
  readonly weightBytes: number;
}

interface Formats {
  readonly quantization: Quantization;
  readonly kvCacheDtype: KvCacheDtype;
}

async function load(
  folder: string,
  { quantization, kvCacheDtype }: Formats,
  window: number,
): Promise<Loaded> {
  const pool = new CpuPool({ numThreads: Number(values.threads) });
  const model = await prepareModel(
    {
      folder,
      quantization,
      loadFormat: 'auto',
      contextLength: window,
      device: { ...ON_CPU, kvCacheDtype },
    },
    {
      runJob: quantizeOn(pool),
      calibrateKv: ({ model, tokenizerFolder }) =>
        calibrateOnText((...task) => pool.calibrate(...task), model, [tokenizerFolder]),
      roundLayer: (task) => pool.roundLayer(task),
      readTexts: (tokenizerFolder, limits) => roundingTexts([tokenizerFolder], limits),
      cacheDir: values['cache-dir'],
      temporaryDir: tmpdir(),
      warn: (message) => {
        console.error(message);
      },
      progress: () => undefined,
    },
  );
  await pool.close();
  const teacher = await Teacher.load(model, window, Number(values.threads));
  return { teacher, vocab: model.spec.vocabSize, weightBytes: model.spec.weightBytes };
}

interface Text {
  readonly tokens: readonly number[];
  readonly window: number;
}

async function compare(reference: Teacher, other: Loaded, text: Text): Promise<Divergence> {
  let total = NO_DIVERGENCE;
  for (let at = 0; at + 1 < text.tokens.length; at += text.window) {
    const slice = text.tokens.slice(at, at + text.window);
    const next = text.tokens.slice(at + 1, at + 1 + slice.length);
    total = addRows(total, {
      reference: await reference.logprobs(slice),
      candidate: await other.teacher.logprobs(slice),
      next,
      vocab: other.vocab,
    });
  }
  return total;
}

function measurement(
  { quantization, kvCacheDtype }: Formats,
  total: Divergence,
  weightBytes: number,
): Measurement {
  const { numTokens, klSum, sameTop1, nllSum } = total;
  return {
    format: quantization,
    kvCache: kvCacheDtype,
    klNatsPerToken: klSum / numTokens,
    sameTop1: sameTop1 / numTokens,
    perplexity: Math.exp(nllSum / numTokens),
    numTokens,
    weightMiB: Math.round(weightBytes / 2 ** 20),
  };
}

if (values.model === undefined) throw new Error('--model FOLDER is needed');
await main(values.model);
