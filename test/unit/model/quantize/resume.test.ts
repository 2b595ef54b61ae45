import { cp, mkdir, readdir, readFile, realpath, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import t, { type Test } from 'tap';

import { prepareModel } from '../../../../src/model/prepare-model.js';
import { listCopies } from '../../../../src/model/quantize/cache-inventory.js';
import type { QuantizeJob } from '../../../../src/model/quantize/job.js';
import type { QuantizeDeps } from '../../../../src/model/quantize/kept-weights.js';
import { runQuantizeJob } from '../../../../src/model/quantize/run-job.js';
import { isWritten, WriteRecorder } from '../../../../src/model/quantize/written.js';
import { killedOwner, startOther } from '../../../doubles/owners.js';
import { goldenFolder } from '../golden.js';

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** A cache in which a start in `format` has ended after so many jobs. */
class Bench {
  readonly lines: string[] = [];
  /** Jobs that found nothing to go on with. */
  numDone = 0;
  readonly cache: string;
  readonly #folder: string;
  readonly #format: 'w8a8_int8' | 'int4';

  constructor(test: Test, format: 'w8a8_int8' | 'int4' = 'w8a8_int8') {
    this.#folder = test.testdir({ cache: {}, whole: {} });
    this.cache = join(this.#folder, 'cache');
    this.#format = format;
  }

  /** What a start makes that nobody ends. */
  async whole(): Promise<Buffer> {
    return readFile(await this.#start(join(this.#folder, 'whole'), runQuantizeJob));
  }

  /** Leaves the draft of a process that was killed when `numJobs` had ended. @returns its folder */
  async killed(numJobs: number, owner: string): Promise<string> {
    const jobs: QuantizeJob[] = [];
    let copied = '';
    const run = async (job: QuantizeJob): Promise<void> => {
      if (jobs.push(job) <= numJobs) runQuantizeJob(job);
      if (jobs.length > numJobs && copied === '') {
        const [draft = ''] = await readdir(this.cache);
        copied = `${draft.split('.')[0] ?? ''}.${owner}.0123abcd.tmp`;
        await cp(join(this.cache, draft), join(this.#folder, copied), { recursive: true });
      }
      if (jobs.length > numJobs) throw new Error('ended');
    };
    await this.#start(this.cache, run).catch(() => undefined);
    const left = join(this.cache, copied);
    await cp(join(this.#folder, copied), left, { recursive: true });
    return left;
  }

  /** @returns the path of the weights */
  start(cacheMaxBytes = Infinity): Promise<string> {
    const run = (job: QuantizeJob): void => {
      const { journal } = job;
      const isThere =
        journal !== undefined &&
        journal.known !== null &&
        isWritten(job.target, journal.id, journal.known);
      if (!isThere) this.numDone++;
      runQuantizeJob(job);
    };
    return this.#start(this.cache, run, cacheMaxBytes);
  }

  async #start(
    cacheDir: string,
    run: (job: QuantizeJob) => void | Promise<void>,
    cacheMaxBytes = Infinity,
  ): Promise<string> {
    const deps: QuantizeDeps = {
      runJob: async (job) => run(job),
      cacheDir,
      cacheMaxBytes,
      temporaryDir: join(this.#folder, 'tmp'),
      warn: () => undefined,
      info: (line) => this.lines.push(line),
      progress: () => undefined,
    };
    const folder = goldenFolder('llama-blocks');
    const model = await prepareModel(
      { folder, quantization: this.#format, loadFormat: 'auto', contextLength: null },
      deps,
    );
    return join(model.weightsFolder, 'weights.bin');
  }
}

for (const format of ['w8a8_int8', 'int4'] as const) {
  t.test(`a start goes on where one was killed, to the same bytes: ${format}`, async (t) => {
    const bench = new Bench(t, format);
    const whole = await bench.whole();
    await bench.killed(5, await killedOwner());
    const weights = await bench.start();
    t.ok(whole.equals(await readFile(weights)), 'as in one go');
    const [line = ''] = bench.lines;
    const [, known, all] = /: (\d+) of (\d+) parts \(\d+ %\) are there already\.$/.exec(line) ?? [];
    t.equal(known, '5');
    t.equal(bench.numDone, Number(all) - 5);
    const names = await readdir(bench.cache);
    t.equal(names.length, 1, 'the draft is the entry now');
    t.notOk((await readdir(join(bench.cache, names[0] ?? ''))).includes('journal'));
  });
}

t.test('what is left is listed as that, with the model that it is of', async (t) => {
  const bench = new Bench(t);
  const left = await bench.killed(5, await killedOwner());
  const [copy, ...more] = await listCopies(bench.cache);
  t.match(copy, { folder: left, format: 'w8a8_int8', users: [], isUnfinished: true });
  t.same(copy?.sources, [
    [join(await realpath(goldenFolder('llama-blocks')), 'model.safetensors')],
  ]);
  t.same(more, []);
  await bench.start();
  t.match(await listCopies(bench.cache), [{ isUnfinished: false }], 'the next start has taken it');
});

t.test('what is not as it was written is made again', async (t) => {
  const bench = new Bench(t);
  const whole = await bench.whole();
  const left = await bench.killed(5, await killedOwner());
  // A job's last bytes did not come to the disk, and its line was torn behind another.
  const journal = join(left, 'journal');
  const lines = (await readFile(journal, 'utf8')).split('\n');
  const [, first = ''] = lines;
  const { runs } = JSON.parse(first) as { runs: [number, number, number, number][] };
  const weights = await readFile(join(left, 'weights.bin'));
  weights.fill(0xee, runs[0]?.[0], (runs[0]?.[0] ?? 0) + 1);
  await writeFile(join(left, 'weights.bin'), weights);
  const last = lines.at(-1) ?? '';
  await writeFile(journal, [...lines.slice(0, -1), last.slice(0, 40)].join('\n'));
  t.ok(whole.equals(await readFile(await bench.start())));
  t.match(bench.lines[0], /: 4 of/);
  const all = Number(/of (\d+) parts/.exec(bench.lines[0] ?? '')?.[1]);
  t.equal(bench.numDone, all - 3, 'the torn line and the changed byte cost their jobs');
});

t.test('a draft without weights, or of nonsense, is none to go on with', async (t) => {
  const bench = new Bench(t);
  const whole = await bench.whole();
  const left = await bench.killed(5, await killedOwner());
  await writeFile(join(left, 'weights.bin'), 'short');
  await writeFile(
    join(left, 'journal'),
    (await readFile(join(left, 'journal'), 'utf8')) + '\n{]\n',
  );
  t.ok(whole.equals(await readFile(await bench.start())));
});

t.test('nobody goes on with a draft that a process still fills', async (t) => {
  const bench = new Bench(t);
  const whole = await bench.whole();
  const other = await startOther();
  const left = await bench.killed(5, other.owner);
  t.ok(whole.equals(await readFile(await bench.start())));
  t.same(bench.lines, []);
  t.ok((await stat(left)).isDirectory(), 'it is left alone');
  await other.kill();
});

t.test('of two starts at once one goes on with it', async (t) => {
  const bench = new Bench(t);
  const whole = await bench.whole();
  await bench.killed(5, await killedOwner());
  const [one, two] = await Promise.all([bench.start(), bench.start()]);
  t.equal(one, two);
  t.ok(whole.equals(await readFile(one)));
  t.equal(bench.lines.length, 1);
});

t.test('drafts that nobody goes on with go: by age, by room, without a journal', async (t) => {
  const bench = new Bench(t);
  const owner = await killedOwner();
  const left = await bench.killed(5, owner);
  const other = (digit: string): string =>
    join(bench.cache, `int8-${digit.repeat(32)}.${owner}.0123abcd.tmp`);
  await cp(left, other('1'), { recursive: true });
  await cp(left, other('2'), { recursive: true });
  await cp(left, other('3'), { recursive: true });
  const old = new Date(Date.now() - WEEK_MS - 1000);
  await utimes(join(other('1'), 'journal'), old, old);
  await mkdir(other('4'));
  const yesterday = new Date(Date.now() - WEEK_MS / 7);
  await utimes(join(other('2'), 'journal'), yesterday, yesterday);
  const names = async (): Promise<string[]> => (await readdir(bench.cache)).sort();
  const weights = await bench.start();
  const entry = basename(join(weights, '..'));
  t.same(await names(), [basename(other('2')), basename(other('3')), entry]);
  const bytes =
    (await stat(weights)).size + (await stat(join(other('3'), 'weights.bin'))).blocks * 512;
  await bench.start(bytes);
  t.same(await names(), [basename(other('3')), entry], 'the one that was left longest goes first');
});

t.test('writes are noted as runs, whatever their order', (t) => {
  const written = (...ranges: [offset: number, length: number][]) => {
    const recorder = new WriteRecorder('job');
    for (const [offset, length] of ranges) recorder.note(new Uint8Array(length), offset);
    return recorder.end().runs;
  };
  t.same(written([0, 8], [8, 8], [16, 4]), [[0, 20, 0, 1]]);
  t.same(written([4, 2], [14, 2], [24, 2], [34, 2]), [[4, 2, 10, 4]]);
  t.same(written([4, 2], [14, 2], [25, 2]), [
    [4, 2, 10, 2],
    [25, 2, 0, 1],
  ]);
  t.same(written([14, 2], [4, 2], [0, 0]), [
    [14, 2, 0, 1],
    [4, 2, 0, 1],
  ]);
  t.same(written([0, 2], [10, 3]), [
    [0, 2, 0, 1],
    [10, 3, 0, 1],
  ]);
  t.end();
});
