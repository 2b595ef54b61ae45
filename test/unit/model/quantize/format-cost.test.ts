import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import type { WeightFormat } from '../../../../src/core/model-spec.js';
import { formatCost, keptCost, vectorCost } from '../../../../src/model/quantize/format-cost.js';
import { CPU_TARGET } from '../../../../src/model/target.js';

const floats = (format: WeightFormat) => ({ format, kvType: 'f32' }) as const;

const RECORD = join('docs', 'decisions', '0002-weight-formats.md');
const INT4_RECORD = join('docs', 'decisions', '0023-compensated-rounding.md');

t.test('a format that rounds says what it costs, and how to be without it', (t) => {
  t.equal(
    formatCost(floats('w8a8_int8'), 'HuggingFaceTB/SmolLM2-135M-Instruct'),
    'Linear layers in w8a8_int8 (KL 0.0089 to float32, 93.5 % same top-1 on SmolLM2-135M-Instruct); ' +
      '--quantization none for evaluations.',
  );
  t.equal(
    formatCost({ format: 'w8a8_int8', kvType: 'i8' }, 'HuggingFaceTB/SmolLM2-135M-Instruct'),
    'Linear layers in w8a8_int8 and K and V in int8 (KL 0.0106 to float32, 93.2 % same top-1 on SmolLM2-135M-Instruct); ' +
      '--quantization none for evaluations.',
  );
  t.match(
    formatCost({ format: 'int4', kvType: 'i8' }, 'HuggingFaceTB/SmolLM2-135M-Instruct'),
    /\(not measured with such a cache; KL 0\.0571/,
  );
  t.equal(formatCost(floats('none'), 'HuggingFaceTB/SmolLM2-135M-Instruct'), null);
  t.end();
});

t.test('a model that was not measured is said to be none that was', (t) => {
  t.match(formatCost(floats('int8'), './smollm2-135m-instruct/'), /\(KL 0\.0020 to float32/);
  for (const path of ['Qwen/Qwen3-4B', '/models/SmolLM2-135M-Instruct-tuned', 'radish-tiny']) {
    t.match(
      formatCost(floats('int4'), path),
      /\(not measured on this model; KL 0\.0571 to float32/,
      path,
    );
  }
  t.end();
});

t.test('the figures are those of the decision record', async (t) => {
  const formats = (await readFile(RECORD, 'utf8')).split('## With int4 in blocks of 16')[1] ?? '';
  const rounding = await readFile(INT4_RECORD, 'utf8');
  const lines = [
    ['w8a8_int8', formats, true],
    ['int8', formats, true],
    ['int4', rounding, true],
    ['int4, to nearest', rounding, false],
  ] as const;
  for (const [format, record, isCompensated] of lines) {
    const [, kl, top1] =
      new RegExp(`\\| \`${format}\` +\\| ([\\d.]+) +\\| ([\\d.]+) %`).exec(record) ?? [];
    const [name] = format.split(',') as [WeightFormat];
    const line = formatCost(floats(name), '', CPU_TARGET, isCompensated) ?? '';
    t.equal(line.includes('rounded to nearest'), !isCompensated);
    const [, loggedKl, loggedTop1] = /KL ([\d.]+) to float32, ([\d.]+) %/.exec(line) ?? [];
    t.equal(Number(loggedKl), Number(kl), format);
    t.equal(loggedTop1, top1, format);
  }
});

t.test('what a GPU rounds in other blocks was not measured on any model', (t) => {
  const target = { device: 'webgpu', compute: 'f32', kv: 'f16', blockSize: 32 } as const;
  const line = formatCost(floats('int4'), 'HuggingFaceTB/SmolLM2-135M-Instruct', target);
  t.match(line, /\(not measured on this model in blocks of 32; KL 0\.1960/);
  t.end();
});

t.test('the figures with a cache of integers are those of their record', async (t) => {
  const record = await readFile(join('docs', 'decisions', '0015-kv-in-int8.md'), 'utf8');
  const [, kl, top1] = /\| int8 as built \| ([\d.]+) +\| ([\d.]+) %/.exec(record) ?? [];
  const line = formatCost({ format: 'w8a8_int8', kvType: 'i8' }, '') ?? '';
  t.match(line, `KL ${kl} to float32, ${top1} % same top-1`);
});

t.test('codes that the checkpoint has cost what goes in', (t) => {
  t.equal(
    keptCost(floats('int4'), { kept: 120, of: 121 }),
    "Linear layers in int4, 120 of 121 with the checkpoint's own codes, where only what goes in is rounded; " +
      '--quantization none for evaluations.',
  );
  const byKind = { qkv: [2, 2], down: [1, 2], head: [0, 1] } as const;
  t.match(
    keptCost(floats('int4'), { kept: 3, of: 5, byKind }),
    /^Linear layers in int4, 3 of 5 with the checkpoint's own codes \(qkv 2 of 2, down 1 of 2\), /,
  );
  t.end();
});

t.test('of vectors the cost is how near they stay', (t) => {
  t.equal(
    vectorCost({ format: 'w8a8_int8' }, 'sentence-transformers/all-MiniLM-L6-v2'),
    "Linear layers in w8a8_int8 (vectors have a mean cosine of 0.9994 to float32's on all-MiniLM-L6-v2); " +
      '--quantization none for evaluations.',
  );
  t.match(
    vectorCost({ format: 'int8' }, 'BAAI/bge-base-en'),
    /not measured on this model; .* 0\.9998 /,
  );
  t.equal(vectorCost({ format: 'none' }, 'BAAI/bge-base-en'), null);
  t.end();
});
