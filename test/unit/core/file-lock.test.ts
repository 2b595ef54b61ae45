import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import t from 'tap';

import { locked, lockHolder } from '../../../src/core/file-lock.js';
import { FOREIGN_OWNER, killedOwner, startOther } from '../../doubles/owners.js';
import { smallDisk } from '../../doubles/small-disk.js';

const alone = { waiting: () => undefined };

t.test('one at a time, in folders that are made', async (t) => {
  const path = join(t.testdir({}), 'a', 'b', 'lock');
  let numInside = 0;
  const act = async (): Promise<void> => {
    t.equal(++numInside, 1);
    t.same(await lockHolder(path), { pid: process.pid });
    await sleep(20);
    numInside--;
  };
  const seen = new Set<number | null>();
  await Promise.all(
    [1, 2, 3].map(() => locked(path, act, { waiting: (pid) => void seen.add(pid) })),
  );
  t.same([...seen], [process.pid]);
  t.equal(await lockHolder(path), null);
  t.same(await readdir(join(path, '..')), []);
});

t.test(
  'a lock of a process that was killed is taken over, of a living one waited for',
  async (t) => {
    const path = join(t.testdir({}), 'lock');
    await writeFile(path, await killedOwner());
    t.equal(await locked(path, () => Promise.resolve(7), alone), 7);

    const other = await startOther();
    await writeFile(path, other.owner);
    const waited: (number | null)[] = [];
    const waiting = (pid: number | null): void => {
      if (waited.push(pid) === 2) void other.kill();
    };
    await locked(path, () => Promise.resolve(), { waiting });
    t.equal(waited[0], other.child.pid);
    t.ok(waited.length >= 2);
  },
);

t.test(
  'a holder elsewhere counts until it is silent, and so does one that is just writing its name',
  async (t) => {
    const path = join(t.testdir({}), 'lock');
    for (const owner of [FOREIGN_OWNER, '']) {
      await writeFile(path, owner);
      t.same(await lockHolder(path), { pid: null });
      const gone = new AbortController();
      const waiting = (): void => {
        gone.abort(new Error('no longer'));
      };
      const never = (): Promise<void> => Promise.reject(new Error('inside'));
      await t.rejects(locked(path, never, { waiting, signal: gone.signal }));
      await utimes(path, 1, 1);
      await locked(path, () => Promise.resolve(), alone);
    }
  },
);

t.test('what fails inside lets go; where no lock can be written it is done without', async (t) => {
  const folder = t.testdir({ file: '' });
  const failure = new Error('inside');
  await t.rejects(
    locked(join(folder, 'lock'), () => Promise.reject(failure), alone),
    failure,
  );
  t.same(await readdir(folder), ['file']);
  t.equal(await locked(join(folder, 'file', 'lock'), () => Promise.resolve(7), alone), 7);
  await mkdir(join(folder, 'lock'));
  t.equal(await locked(join(folder, 'lock'), () => Promise.resolve(7), alone), 7);
});

t.test('a full disk leaves no lock that is nobody’s', async (t) => {
  const disk = smallDisk(t);
  if (disk === null) {
    t.pass('no disk can be mounted here');
    return;
  }
  const filler = join(disk, 'filler');
  await t.rejects(writeFile(filler, Buffer.alloc(2 ** 21)), { code: 'ENOSPC' });
  t.equal(await locked(join(disk, 'lock'), () => readdir(disk).then(String), alone), 'filler');
  await rm(filler);
  t.equal(await locked(join(disk, 'lock'), () => readdir(disk).then(String), alone), 'lock');
  t.same(await readdir(disk), []);
});
