import { execFileSync } from 'node:child_process';
import {
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';

import t, { type Test } from 'tap';

import { ownOwner } from '../../../src/core/process-owner.js';
import { ModelLoadError } from '../../../src/model/load-error.js';
import { prepareModel, type PrepareOptions } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import type { QuantizeDeps } from '../../../src/model/quantize/kept-weights.js';
import { runQuantizeJob } from '../../../src/model/quantize/run-job.js';
import { Teacher } from '../../bench/quality/teacher.js';
import { FOREIGN_OWNER, killedOwner, startOther } from '../../doubles/owners.js';
import { smallDisk } from '../../doubles/small-disk.js';
import { goldenFolder, readGolden } from './golden.js';
import { f32, safetensorsFile } from './safetensors-file.js';

/** Widths that are multiples of 32, so that every format takes it. */
const BLOCKS = 'llama-blocks';

function workshop(test: Test, cacheDir = test.testdir({})) {
  const log = { jobs: 0, warnings: [] as string[], progress: [] as (readonly number[])[] };
  const deps: QuantizeDeps = {
    runJob: (job) => {
      log.jobs++;
      runQuantizeJob(job);
      return Promise.resolve();
    },
    cacheDir,
    temporaryDir: join(test.testdirName, 'tmp'),
    warn: (message) => log.warnings.push(message),
    progress: (done, total) => log.progress.push([done, total]),
  };
  return { log, deps, cacheDir };
}

function options(folder: string, quantization: Quantization): PrepareOptions {
  return { folder, quantization, loadFormat: 'auto', contextLength: null };
}

t.test('every format computes nearly what f32 computes', async (t) => {
  const { deps } = workshop(t);
  const { inputIds } = await readGolden(BLOCKS);
  const logprobs = async (format: Quantization) => {
    const model = await prepareModel(options(goldenFolder(BLOCKS), format), deps);
    t.equal(model.spec.format, format);
    const teacher = await Teacher.load(model, inputIds.length, 1);
    const result = await teacher.logprobs(inputIds);
    await teacher.release();
    return result;
  };
  const exact = await logprobs('none');
  // Random weights: what is unrelated would differ by more than 1.
  const limits = { w8a8_int8: 0.1, int8: 0.07, int4: 0.7 };
  for (const format of ['w8a8_int8', 'int8', 'int4'] as const) {
    const rounded = await logprobs(format);
    const square = rounded.reduce((sum, value, i) => sum + (value - (exact[i] ?? NaN)) ** 2, 0);
    const error = Math.sqrt(square / exact.length);
    t.ok(error > 0 && error < limits[format], `${format}: root mean square error ${error}`);
  }
});

t.test('a second start takes the weights from the cache, byte for byte', async (t) => {
  const { deps, log } = workshop(t);
  const first = await prepareModel(options(goldenFolder(BLOCKS), 'w8a8_int8'), deps);
  t.same(first.info.quantization, { cacheHit: false });
  const [done, total] = log.progress.at(-1) ?? [];
  t.equal(done, total, 'progress ends at the total');
  const { jobs } = log;
  const second = await prepareModel(options(goldenFolder(BLOCKS), 'w8a8_int8'), deps);
  t.same(second.info.quantization, { cacheHit: true });
  t.equal(log.jobs, jobs, 'no job ran');
  t.same(second.graph, first.graph);
  t.equal(second.weightsFolder, first.weightsFolder);
});

t.test('a damaged cache entry is found out and made anew', async (t) => {
  const { deps } = workshop(t);
  const start = () => prepareModel(options(goldenFolder(BLOCKS), 'int8'), deps);
  const { weightsFolder } = await start();
  const weights = join(weightsFolder, 'weights.bin');
  const index = join(weightsFolder, 'index.json');
  const whole = await readFile(weights);
  await truncate(weights, whole.length - 1);
  t.same((await start()).info.quantization, { cacheHit: false });
  t.same(await readFile(weights), whole);
  const changed = (await readFile(index, 'utf8')).replace('"offset":0,', '"offset":64,');
  await writeFile(index, changed);
  t.same((await start()).info.quantization, { cacheHit: false });
  await writeFile(index, '{"fileBytes":');
  t.same((await start()).info.quantization, { cacheHit: false });
  t.same((await start()).info.quantization, { cacheHit: true });
});

t.test('one byte of the weights file that changed is found out and made anew', async (t) => {
  const { deps, log } = workshop(t);
  const start = () => prepareModel(options(goldenFolder(BLOCKS), 'w8a8_int8'), deps);
  const { weightsFolder } = await start();
  const path = join(weightsFolder, 'weights.bin');
  const whole = await readFile(path);
  const { mtime, atime } = await stat(path);
  const damages: [name: string, change: (bytes: Buffer) => void][] = [
    [
      'the last byte',
      (bytes) => bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1),
    ],
    ['a page of zeros', (bytes) => bytes.fill(0, 4096, 8192)],
  ];
  for (const [name, change] of damages) {
    const bytes = Buffer.from(whole);
    change(bytes);
    await writeFile(path, bytes);
    await utimes(path, atime, mtime);
    t.same((await start()).info.quantization, { cacheHit: false }, name);
    t.same(await readFile(path), whole, name);
  }
  t.equal(log.warnings.length, damages.length);
  t.match(log.warnings[0], /is damaged: the weights are quantized anew/);
  t.same((await start()).info.quantization, { cacheHit: true });
});

t.test('weights are known by their content, not by name, size or time', async (t) => {
  const { deps, cacheDir } = workshop(t);
  const folder = join(cacheDir, 'model');
  await cp(goldenFolder(BLOCKS), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  await chmod(path, 0o644);
  await utimes(path, 1, 1);
  const first = await prepareModel(options(folder, 'int8'), deps);
  await utimes(path, 2, 2);
  const later = await prepareModel(options(folder, 'int8'), deps);
  t.same(later.info.quantization, { cacheHit: true }, 'the same bytes at another time');
  const bytes = await readFile(path);
  // The sign of the last number.
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 0x80, bytes.length - 1);
  await writeFile(path, bytes);
  await utimes(path, 2, 2);
  const other = await prepareModel(options(folder, 'int8'), deps);
  t.same(other.info.quantization, { cacheHit: false }, 'other bytes at the same time');
  t.not(other.weightsFolder, first.weightsFolder);
});

t.test('an entry is private, and one that others can write is not read', async (t) => {
  const { deps, log, cacheDir } = workshop(t);
  const start = () => prepareModel(options(goldenFolder(BLOCKS), 'int8'), deps);
  const { weightsFolder } = await start();
  t.equal((await stat(weightsFolder)).mode & 0o777, 0o700);
  for (const name of ['weights.bin', 'index.json']) {
    t.equal((await stat(join(weightsFolder, name))).mode & 0o777, 0o600, name);
  }
  await chmod(join(weightsFolder, 'weights.bin'), 0o666);
  const beside = await start();
  t.equal(beside.info.temporaryFolder, beside.weightsFolder);
  t.match(log.warnings, [/can be written by another user and is not used/]);
  t.equal((await stat(beside.weightsFolder)).mode & 0o777, 0o700);
  await chmod(join(weightsFolder, 'weights.bin'), 0o600);
  const moved = join(cacheDir, 'elsewhere');
  await rename(weightsFolder, moved);
  await symlink(moved, weightsFolder);
  t.not((await start()).info.temporaryFolder, null, 'a link may lead anywhere');
});

t.test(
  'nothing in the cache is waited for, and no name in the temporary folder is trusted',
  async (t) => {
    const { deps } = workshop(t);
    const start = () => prepareModel(options(goldenFolder(BLOCKS), 'int8'), deps);
    const { weightsFolder } = await start();
    for (const name of ['weights.bin', 'index.json']) {
      await rm(join(weightsFolder, name));
      execFileSync('mkfifo', ['-m', '600', join(weightsFolder, name)]);
      t.same((await start()).info.quantization, { cacheHit: false }, name);
    }
    const blocked = { ...deps, cacheDir: join(t.testdir({ file: '' }), 'file', 'cache') };
    const folders = new Set<string>();
    for (let i = 0; i < 3; i++) {
      folders.add(
        (await prepareModel(options(goldenFolder(BLOCKS), 'int8'), blocked)).weightsFolder,
      );
    }
    t.equal(folders.size, 3, 'another one each time');
  },
);

t.test(
  'drafts of processes that were killed go at each start, those of living ones stay',
  async (t) => {
    const { deps, cacheDir } = workshop(t);
    const other = await startOther();
    t.teardown(() => other.kill());
    const [dead, living] = [await killedOwner(), other.owner].map(
      (owner) => `int8-x.${owner}.0123abcd.tmp`,
    ) as [string, string];
    for (const [times, quantization] of ['int8', 'int8', 'none'].entries()) {
      for (const draft of [dead, living]) await mkdir(join(cacheDir, draft), { recursive: true });
      await prepareModel(options(goldenFolder(BLOCKS), quantization as Quantization), deps);
      const left = await readdir(cacheDir);
      t.notOk(left.includes(dead), `start ${times}`);
      t.ok(left.includes(living), 'it is being filled');
    }
  },
);

t.test(
  'the cache keeps to its bound: the least recently used goes, never one in use',
  async (t) => {
    const { deps, cacheDir, log } = workshop(t);
    const make = async (format: Quantization, maxBytes?: number): Promise<string> => {
      const bounded = maxBytes === undefined ? deps : { ...deps, cacheMaxBytes: maxBytes };
      const model = await prepareModel(options(goldenFolder(BLOCKS), format), bounded);
      return model.weightsFolder;
    };
    const user = (entry: string) => join(entry, `user-${ownOwner()}`);
    const [a, b] = [await make('int8'), await make('int4')];
    const bytesOf = async (entry: string) => (await stat(join(entry, 'weights.bin'))).size;
    const room = (await bytesOf(a)) + (await bytesOf(b));
    const c = await make('w8a8_int8', room);
    t.same((await readdir(cacheDir)).length, 3, 'all three are in use by this process');
    for (const entry of [a, b]) await rm(user(entry));
    await writeFile(join(b, `user-${await killedOwner()}`), '');
    await utimes(a, 1, 1);
    t.equal(await make('int8', room), a, 'used: now b was not for longest');
    t.same((await readdir(cacheDir)).sort(), [basename(a), basename(c)].sort());
    await rm(user(c));
    await writeFile(join(c, `user-${FOREIGN_OWNER}`), '');
    await make('int8', 0);
    t.equal((await readdir(cacheDir)).length, 2, 'a process elsewhere may use it');
    await utimes(join(c, `user-${FOREIGN_OWNER}`), 1, 1);
    await make('int8', 0);
    t.same(await readdir(cacheDir), [basename(a)], 'the one in use stays, whatever the bound');
    t.same(log.warnings, []);
  },
);

t.test('a cache that cannot be written is one warning, and the model still loads', async (t) => {
  const folder = t.testdir({ file: '' });
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await symlink('loop', join(folder, 'loop'));
  const places: [at: string, code: string][] = [
    [join(folder, 'file'), 'EEXIST'],
    [join(folder, 'file', 'cache'), 'ENOTDIR'],
    [join(folder, 'pipe'), 'EEXIST'],
    [join(folder, 'loop'), 'EEXIST'],
    ['/proc', 'ENOENT'],
    ['/proc/self/below', 'ENOENT'],
  ];
  for (const [blocked, code] of places) {
    const { deps, log } = workshop(t, blocked);
    const temporary = { ...deps, temporaryDir: folder };
    const model = await prepareModel(options(goldenFolder(BLOCKS), 'int8'), temporary);
    t.match(log.warnings, [new RegExp(`cannot be written \\(${code}\\)`)], blocked);
    t.equal(model.info.temporaryFolder, model.weightsFolder);
    t.ok((await stat(join(model.weightsFolder, 'weights.bin'))).size > 0);
  }
});

t.test('dummy weights for a cache that cannot be written are one sentence', async (t) => {
  const folder = t.testdir({ file: '' });
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await symlink('loop', join(folder, 'loop'));
  const dummy = { ...options(goldenFolder(BLOCKS), 'none'), loadFormat: 'dummy' as const };
  const places = ['file', 'pipe', 'pipe/below', 'loop'].map((at) => join(folder, at));
  for (const cacheDir of [...places, '/proc', '/proc/self/below']) {
    const { deps } = workshop(t, cacheDir);
    await t.rejects(
      prepareModel(dummy, deps),
      { code: 'bad_option', message: /^Dummy weights could not be written to .* \(E\w+\)\.$/ },
      cacheDir,
    );
  }
});

t.test('weights that no memory can hold are refused before any is made', async (t) => {
  const { deps, cacheDir } = workshop(t);
  const asked = { ...options(goldenFolder(BLOCKS), 'int8'), memoryBytes: 50_000 };
  const refusal = { code: 'bad_option', message: /^--quantization int8 does not fit: / };
  await t.rejects(prepareModel(asked, deps), refusal);
  await t.rejects(prepareModel({ ...asked, loadFormat: 'dummy' }, deps), refusal);
  t.same(await readdir(cacheDir).catch(() => []), [], 'no dummy either');
});

t.test('a job that fails leaves nothing behind', async (t) => {
  const { deps, cacheDir } = workshop(t);
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const broken = { ...deps, runJob: () => Promise.reject(full) };
  await t.rejects(prepareModel(options(goldenFolder(BLOCKS), 'int8'), broken), {
    code: 'disk_full',
  });
  t.same(await readdir(cacheDir), []);
});

t.test('a disk without room is found out before a weight is made', async (t) => {
  const [disk, other] = [smallDisk(t), t.testdir({})];
  if (disk === null) return;
  const { deps, log } = workshop(t, join(disk, 'cache'));
  const start = (temporaryDir: string, format: Quantization) =>
    prepareModel(options(goldenFolder(BLOCKS), format), { ...deps, temporaryDir });
  const first = await start(other, 'int8');
  const filler = join(disk, 'filler');
  await writeFile(filler, new Uint8Array(2 ** 20)).catch(() => undefined);
  log.jobs = 0;
  await t.rejects(start(disk, 'int4'), {
    code: 'disk_full',
    message:
      /^The disk is full: quantized weights take [\d.]+ kB, and \S+ has [\d.]+ k?B left\. --q/,
  });
  t.equal(log.jobs, 0);
  t.same(await readdir(deps.cacheDir), [basename(first.weightsFolder)], 'it is in use');
  t.match(log.warnings, [/^The quantization cache \S+ has [\d.]+ k?B left, and the weights take /]);
  const beside = await start(other, 'int4');
  t.equal(beside.info.temporaryFolder, beside.weightsFolder, 'served all the same');
  await rm(join(first.weightsFolder, `user-${ownOwner()}`));
  const kept = await start(other, 'int4');
  t.equal(kept.info.temporaryFolder, null);
  t.same(await readdir(deps.cacheDir), [basename(kept.weightsFolder)], 'in the place of the first');
});

t.test('auto leaves small and uneven models in f32 and says why', async (t) => {
  const { deps, log } = workshop(t);
  const { spec, info } = await prepareModel(options(goldenFolder('qwen2'), 'auto'), deps);
  t.equal(spec.format, 'none');
  t.match(info.formatReason, /M parameters are too few/);
  t.equal(log.jobs, 0);
  await t.rejects(prepareModel(options(goldenFolder('llama-head-20'), 'w8a8_int8'), deps), {
    code: 'bad_option',
    message: /is \d+ wide, not a multiple of 32/,
  });
});

t.test('dummy weights need nothing but a config, and are the same each time', async (t) => {
  const { deps } = workshop(t);
  const config = await readFile(join(goldenFolder(BLOCKS), 'config.json'), 'utf8');
  const folder = t.testdir({ model: { 'config.json': config } });
  const dummy = { ...options(join(folder, 'model'), 'none'), loadFormat: 'dummy' as const };
  const first = await prepareModel(dummy, deps);
  const again = await prepareModel(dummy, workshop(t, join(folder, 'other')).deps);
  const bytes = (at: string) => readFile(join(at, 'model.safetensors'));
  t.same(await bytes(again.weightsFolder), await bytes(first.weightsFolder));
  const teacher = await Teacher.load(first, 8, 1);
  const values = await teacher.logits([1, 2, 3, 4, 5, 6, 7, 8]);
  await teacher.release();
  t.ok(values.every(Number.isFinite));
  t.ok(new Set(values).size > 100);
});

t.test('dummies stand under the bound of the cache, and are not removed in use', async (t) => {
  const folder = t.testdir({ cache: {} });
  const cacheDir = join(folder, 'cache');
  const { deps } = workshop(t, cacheDir);
  const config = JSON.parse(
    await readFile(join(goldenFolder(BLOCKS), 'config.json'), 'utf8'),
  ) as object;
  const make = async (layers: number, maxBytes?: number): Promise<string> => {
    const model = join(folder, `of-${layers}`);
    await mkdir(model, { recursive: true });
    await writeFile(
      join(model, 'config.json'),
      JSON.stringify({ ...config, num_hidden_layers: layers }),
    );
    const bounded = maxBytes === undefined ? deps : { ...deps, cacheMaxBytes: maxBytes };
    const dummy = { ...options(model, 'none'), loadFormat: 'dummy' as const };
    return basename((await prepareModel(dummy, bounded)).weightsFolder);
  };
  const release = (entry: string) => rm(join(cacheDir, entry, `user-${ownOwner()}`));
  const [a, b] = [await make(1), await make(2)];
  t.same((await readdir(cacheDir)).sort(), [a, b].sort());
  const c = await make(3, 0);
  t.same((await readdir(cacheDir)).sort(), [a, b, c].sort(), 'in use by this process');
  await release(a);
  await release(b);
  await utimes(join(cacheDir, a), 1, 1);
  t.equal(await make(2, 2 ** 30), b);
  t.equal((await readdir(cacheDir)).length, 3, 'there is room for all');
  const { size } = await stat(join(cacheDir, c, 'model.safetensors'));
  t.equal(await make(2, 2 * size), b);
  t.same((await readdir(cacheDir)).sort(), [b, c].sort(), 'a was not used for longest');
  await release(c);
  const quantized = await prepareModel(options(goldenFolder(BLOCKS), 'int8'), {
    ...deps,
    cacheMaxBytes: 0,
  });
  t.same((await readdir(cacheDir)).sort(), [b, basename(quantized.weightsFolder)].sort());
});

t.test('a checkpoint that does not fit its config is refused by name', async (t) => {
  const { deps } = workshop(t);
  const config = await readFile(join(goldenFolder(BLOCKS), 'config.json'), 'utf8');
  const { vocab_size: vocab, hidden_size: hidden } = JSON.parse(config) as Record<string, number>;
  const refuses = async (file: Buffer, why: RegExp) => {
    const folder = t.testdir({ 'config.json': config });
    await writeFile(join(folder, 'model.safetensors'), file);
    const error: unknown = await prepareModel(options(folder, 'none'), deps).catch(
      (e: unknown) => e,
    );
    t.ok(error instanceof ModelLoadError);
    t.match((error as Error).message, why);
  };
  const name = 'model.embed_tokens.weight';
  const narrow = f32([vocab ?? 0, 3], new Float32Array(3 * (vocab ?? 0)));
  await refuses(
    safetensorsFile({ [name]: narrow }),
    new RegExp(
      `Tensor '${name}' .*The size of tensor a \\(3\\) must match the size of tensor b ` +
        `\\(${String(hidden)}\\) at non-singleton dimension 1\\.`,
    ),
  );
  await refuses(safetensorsFile({ [name]: f32([4], [1, 2, 3, 4]) }), /1 dimensions, not 2/);
  await refuses(safetensorsFile({ other: f32([1], [1]) }), /Tensor '.*' is missing/);
  const integers = { dtype: 'I32', shape: narrow.shape, data: narrow.data };
  await refuses(safetensorsFile({ [name]: integers }), /has dtype I32/);
});

t.test('a weight that is not finite is refused by name', async (t) => {
  const { deps, cacheDir } = workshop(t);
  const folder = join(cacheDir, 'model');
  await cp(goldenFolder(BLOCKS), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path);
  file.fill(0xff, file.length - 64);
  await chmod(path, 0o644);
  await writeFile(path, file);
  await t.rejects(prepareModel(options(folder, 'int8'), deps), { code: 'bad_checkpoint' });
});

t.test(
  'weights with more layers than config.json says are used as far as it says, with a warning',
  async (t) => {
    const { deps, log, cacheDir } = workshop(t);
    const folder = join(cacheDir, 'model');
    await cp(goldenFolder(BLOCKS), folder, { recursive: true });
    const path = join(folder, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as { num_hidden_layers: number };
    const stored = config.num_hidden_layers;
    await prepareModel(options(folder, 'none'), deps);
    t.same(log.warnings, []);
    await writeFile(path, JSON.stringify({ ...config, num_hidden_layers: 1 }));
    const { spec } = await prepareModel(options(folder, 'none'), deps);
    t.equal(spec.numLayers, 1);
    t.match(log.warnings, [
      new RegExp(`"num_hidden_layers" 1, and the weights in .* are of ${stored} layers`),
    ]);
  },
);

t.test('config.json that is missing or broken is one sentence', async (t) => {
  const { deps } = workshop(t);
  const folder = t.testdir({ a: {}, b: { 'config.json': '{' }, c: { 'config.json': '[]' } });
  const load = (name: string) => prepareModel(options(join(folder, name), 'auto'), deps);
  await t.rejects(load('a'), { message: /Cannot read .*config\.json \(ENOENT\)/ });
  await t.rejects(load('b'), { message: /not valid JSON/ });
  await t.rejects(load('c'), { message: /not a JSON object/ });
});

t.test('a checkpoint saved from its trunk, without model., is the same network', async (t) => {
  const { deps, cacheDir } = workshop(t);
  const folder = join(cacheDir, 'bare');
  await cp(goldenFolder(BLOCKS), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const file = await readFile(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const names = file.toString('latin1', 8, end).replaceAll('"model.', '"');
  t.not(names.length, end - 8);
  // JSON may end in spaces: so every offset stays where it was.
  file.write(names.padEnd(end - 8), 8, 'latin1');
  await chmod(path, 0o644);
  await writeFile(path, file);
  const bare = await prepareModel(options(folder, 'none'), deps);
  const whole = await prepareModel(options(goldenFolder(BLOCKS), 'none'), deps);
  t.same(bare.graph, whole.graph);
});
