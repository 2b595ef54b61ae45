/**
 * What number formats do to vectors: `node dist/test/bench/embed/quality.js --model-path FOLDER [-- SERVER_FLAGS]`. The
 * vectors of sentences against those of f32, and what a search among the sentences finds with both. See ../README.md.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import { startRadish } from '../lib/radish-server.js';
import { machineFacts, table } from '../lib/report.js';
import { TimedClient } from '../lib/timed-client.js';
import { type Agreement, agreementOf, type Vectors } from './agreement.js';
import { sentencesOf } from './sentences.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    formats: { type: 'string', default: 'w8a8_int8,int8' },
    texts: { type: 'string', default: 'docs' },
    count: { type: 'string', default: '400' },
  },
});

async function vectorsOf(
  folder: string,
  format: string,
  input: readonly string[],
): Promise<Vectors> {
  const flags = ['--is-embedding', '--model-path', folder, '--quantization', format];
  const server = await startRadish([...flags, ...positionals]);
  try {
    const client = new TimedClient(server.port);
    const { text } = await client.post('/v1/embeddings', { model: 'any', input });
    const { data } = JSON.parse(text) as { data: readonly { embedding: readonly number[] }[] };
    return data.map(({ embedding }) => embedding);
  } finally {
    server.client.close();
    await server.stop();
  }
}

function shown(format: string, agreement: Agreement): string[] {
  const { meanCosine, leastCosine, recallAt10, sameFirst, spearman } = agreement;
  const numbers = [meanCosine, leastCosine, recallAt10, sameFirst, spearman];
  return [format, ...numbers.map((value) => value.toFixed(5))];
}

async function main(): Promise<void> {
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const texts = await sentencesOf(values.texts, Number(values.count));
  const expected = await vectorsOf(folder, 'none', texts);
  const found: Record<string, Agreement> = {};
  for (const format of values.formats.split(',')) {
    found[format] = agreementOf(expected, await vectorsOf(folder, format, texts));
  }
  const facts = { model: basename(folder), numTexts: texts.length };
  console.log(
    JSON.stringify({ bench: 'embed quality', ...facts, ...machineFacts(), formats: found }),
  );
  const header = ['format', 'mean cosine', 'least', 'recall@10', 'same first', 'Spearman'];
  const rows = Object.entries(found).map(([format, agreement]) => shown(format, agreement));
  console.log(table(header, rows));
}

await main();
