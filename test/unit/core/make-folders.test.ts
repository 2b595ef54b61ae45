import { stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import t from 'tap';

import { makeFolders } from '../../../src/core/make-folders.js';

t.test('folders are made from the first that is not there, each with the mode', async (t) => {
  const path = join(t.testdir({ a: {} }), 'a', 'b', 'c');
  await makeFolders(path, 0o700);
  for (const at of [path, join(path, '..')]) t.equal((await stat(at)).mode & 0o777, 0o700);
  await makeFolders(path);
  await symlink('a', join(path, '../../../link'));
  await makeFolders(join(path, '../../../link/d'));
  t.ok((await stat(join(path, '../../d'))).isDirectory(), 'links to folders are followed');
});

t.test('many at once make one', async (t) => {
  const path = join(t.testdir({}), 'a', 'b', 'c', 'd');
  await Promise.all(Array.from({ length: 20 }, () => makeFolders(path)));
  t.ok((await stat(path)).isDirectory());
});

t.test('what is no folder, or takes none, is an error at once', async (t) => {
  const folder = t.testdir({ file: '' });
  await symlink('loop', join(folder, 'loop'));
  const refused: [path: string, code: string][] = [
    [join(folder, 'file'), 'EEXIST'],
    [join(folder, 'file', 'below'), 'ENOTDIR'],
    [join(folder, 'loop', 'below'), 'ELOOP'],
  ];
  // Node's recursive mkdir never comes back from these.
  if (process.platform === 'linux') {
    refused.push(['/proc/below', 'ENOENT'], ['/proc/self/a/b/c', 'ENOENT']);
  }
  for (const [path, code] of refused) await t.rejects(makeFolders(path), { code }, path);
});
