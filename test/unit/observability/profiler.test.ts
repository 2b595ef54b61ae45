import { execFileSync } from 'node:child_process';
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
