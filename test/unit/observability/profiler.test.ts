import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { Profiler, type ProfileOptions } from '../../../src/observability/profiler.js';

function profiler() {
  return new Profiler({ listen: () => () => undefined }, () => undefined);
}

function options(folder: string): ProfileOptions {
  return { folder, id: 'p', hasCpu: true, numSkipped: 0, numSteps: null };
}

const NAMES = ['p-main.cpuprofile', 'p-steps.trace.json'];

t.test('files that have the names already are replaced, never opened', async (t) => {
  const folder = t.testdir({ victim: 'untouched' });
  execFileSync('mkfifo', [join(folder, 'p-steps.trace.json')]);
  await symlink(join(folder, 'victim'), join(folder, 'p-main.cpuprofile'));
  const one = profiler();
  await one.start(options(folder));
  t.same(
    (await one.stop()).map((path) => path.slice(folder.length + 1)),
    NAMES.toReversed(),
  );
  for (const name of NAMES) {
    t.ok((await stat(join(folder, name))).isFile());
    JSON.parse(await readFile(join(folder, name), 'utf8'));
  }
  t.equal(await readFile(join(folder, 'victim'), 'utf8'), 'untouched');
  t.same((await readdir(folder)).sort(), [...NAMES, 'victim'], 'no draft is left');
});

t.test(
  'a folder that takes no files is found out at the start, and the next start works',
  async (t) => {
    const folder = t.testdir({ file: '' });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const one = profiler();
    for (const bad of ['/proc/self', '/proc/self/fd', join(folder, 'file'), join(folder, 'pipe')]) {
      await t.rejects(one.start(options(bad)), { code: /^E/ }, bad);
      t.equal(one.isRunning, false);
    }
    await one.start(options(folder));
    t.equal((await one.stop()).length, 2);
  },
);

t.test('a profile that cannot be written leaves nothing behind', async (t) => {
  const folder = t.testdir({ 'p-steps.trace.json': { inside: '' } });
  const one = profiler();
  await one.start({ ...options(folder), hasCpu: false });
  await t.rejects(one.stop(), { code: /^E/ });
  t.same(await readdir(folder), ['p-steps.trace.json']);
  await writeFile(join(folder, 'other'), '');
  await one.start({ ...options(folder), id: 'q' });
  t.equal((await one.stop()).length, 2);
});

t.test('a profile that is stopped while it starts is written whole, and once', async (t) => {
  const folder = t.testdir();
  let numListeners = 0;
  const listen = () => {
    numListeners++;
    return () => numListeners--;
  };
  const one = new Profiler({ listen }, () => undefined);
  const started = one.start(options(folder));
  const stopped = await Promise.all([one.stop(), one.stop()]);
  await started;
  t.same(stopped.flat().length, 2, 'by one of the two');
  t.equal(numListeners, 0);
  t.equal(one.isRunning, false);
  t.same((await readdir(folder)).sort(), NAMES);
  const lost = one.start(options('/proc/self'));
  t.same(await one.stop(), [], 'a start that fails is not stopped');
  await t.rejects(lost, { code: /^E/ });
  t.equal(one.isRunning, false);
});

t.test('a full disk is an error, and no half of a file is left', (t) => {
  const folder = t.testdir();
  const script = `
    const { Profiler } = await import('${new URL('../../../src/observability/profiler.js', import.meta.url).href}');
    process.on('SIGXFSZ', () => undefined);
    const timing = { startMs: 0, loadUs: 0, prefillUs: 700, decodeUs: 300, lastStoreUs: 0 };
    const device = { rank: 0, generation: 1 };
    const step = { device, numPrefillTokens: 20, numDecodeRows: 3, timing };
    const listen = (listener) => {
      for (let i = 0; i < 100; i++) listener({ ...step, step: i });
      return () => undefined;
    };
    const one = new Profiler({ listen }, () => undefined);
    await one.start({ folder: '${folder}', id: 'p', hasCpu: true, numSkipped: 0, numSteps: null });
    const failed = await one.stop().then(() => null, (error) => error.code);
    process.stdout.write(failed + ' ' + one.isRunning);
  `;
  // Files of this process may have one block: a hundred steps are more.
  const command = `ulimit -f 1; exec "${process.execPath}" --input-type=module -e "$0"`;
  const output = execFileSync('bash', ['-c', command, script], { encoding: 'utf8' });
  t.match(output, 'EFBIG false');
  t.notOk(
    readdirSync(folder).some((name) => name.endsWith('.tmp')),
    'no draft is left',
  );
  t.notOk(readdirSync(folder).includes('p-steps.trace.json'));
  t.end();
});
