import { mkdir, readdir, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import t from 'tap';
import { TemporaryFolders } from '../../../src/fleet/temporary-folders.js';
import { killedOwner } from '../../doubles/owners.js';

t.test('those that are left go with the process, others stay', async (t) => {
  const parent = t.testdir();
  const temporary = new TemporaryFolders(parent);
  const removed = await temporary.make('mine');
  await temporary.make('mine');
  for (const name of ['taken-over', 'not-ours']) await mkdir(join(parent, name));
  temporary.add(join(parent, 'taken-over'));
  t.equal((await readdir(parent)).length, 4);
  await temporary.remove(removed);
  t.equal((await readdir(parent)).length, 3);
  await mkdir(removed);
  temporary.removeAllNow();
  t.same((await readdir(parent)).sort(), [removed.slice(parent.length + 1), 'not-ours'].sort());
});

t.test('what a process left that was killed is swept, what is in use is not', async (t) => {
  const parent = t.testdir();
  const temporary = new TemporaryFolders(parent);
  const own = await temporary.make('tensors');
  await mkdir(join(parent, `radish-tensors-${await killedOwner()}-abcdef`));
  await utimes(own, 1, 1);
  await temporary.sweep();
  t.same(await readdir(parent), [basename(own)]);
  await temporary.touch();
  t.ok((await stat(own)).mtimeMs > 1e12);
});
