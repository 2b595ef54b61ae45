import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import t from 'tap';

import { CpuPool, quantizeOn } from '../../../src/cpu/pool.js';
import { ModelLoadError } from '../../../src/model/load-error.js';
import type { TableJob } from '../../../src/model/quantize/job.js';

/** Copies `count` numbers from one file into another. */
async function copyJob(folder: string, count: number): Promise<TableJob> {
  const path = join(folder, 'in');
  const target = join(folder, 'out');
  await writeFile(path, new Uint8Array(Float32Array.from({ length: count }, Math.sqrt).buffer));
  await writeFile(target, '');
  await truncate(target, count * 4);
  const source = {
    name: 'w',
    path,
    offset: 0,
    dtype: 'f32',
    packing: null,
    shape: [count, 1],
  } as const;
  return {
    kind: 'table',
    target,
    bytes: count * 4,
    source,
    begin: 0,
    end: count,
    offset: 0,
    rotation: null,
    dtype: 'f32',
  };
}

t.test('jobs run on other threads, several at once, each into its own range', async (t) => {
  const pool = new CpuPool({ numThreads: 2 });
  t.teardown(() => pool.close());
  const run = quantizeOn(pool);
  const job = await copyJob(t.testdir({}), 1000);
  const pieces = Array.from({ length: 10 }, (_, i) => ({ begin: i * 100, end: (i + 1) * 100 }));
  await Promise.all(pieces.map((piece) => run({ ...job, ...piece })));
  t.same(await readFile(job.target), await readFile(job.source.path));
});

t.test('the kernels are asked how they add', async (t) => {
  const pool = new CpuPool({ numThreads: 1 });
  t.teardown(() => pool.close());
  const cpu = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const sums = await pool.productSums();
  if (process.arch === 'x64' && cpu !== '' && !/avx512_vnni|avx_vnni/.test(cpu)) {
    t.equal(sums, 'pairs');
  } else t.match(sums, /^(whole|pairs)$/);
});

t.test('an error keeps its class and code on its way between threads', async (t) => {
  const pool = new CpuPool({ numThreads: 1 });
  t.teardown(() => pool.close());
  const run = quantizeOn(pool);
  const job = await copyJob(t.testdir({}), 10);
  const cut: unknown = await run({ ...job, end: 11 }).catch((e: unknown) => e);
  t.ok(cut instanceof ModelLoadError);
  t.match(cut, { code: 'bad_checkpoint', message: /ended while tensor 'w' was read/ });
  await t.rejects(run({ ...job, target: '/nowhere/x' }), { code: 'ENOENT' });
  await run(job);
  t.pass('the thread goes on working');
});
