import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import t from 'tap';

import {
  draftOf,
  makeOwnedFolder,
  sweepDrafts,
  sweepOwnedFolders,
  writeWhole,
} from '../../../src/core/owned-drafts.js';
import { FOREIGN_OWNER, killedOwner, startOther } from '../../doubles/owners.js';

t.test('drafts and folders go with processes that were killed, and only theirs', async (t) => {
  const folder = t.testdir({});
  const other = await startOther();
  t.teardown(() => other.kill());
  const dead = await killedOwner();
  const nameOf = (owner: string, stem: string): string => `${stem}.${owner}.0123abcd.tmp`;
  const foldersOf = (owner: string): string => `radish-weights-${owner}-a1B2c3`;
  for (const [owner, stem] of [
    [dead, 'dead'],
    [other.owner, 'living'],
    [FOREIGN_OWNER, 'elsewhere'],
    [FOREIGN_OWNER, 'silent'],
  ] as const) {
    await mkdir(join(folder, nameOf(owner, stem)));
    await writeFile(join(folder, nameOf(owner, stem), 'weights.bin'), '1');
  }
  await utimes(join(folder, nameOf(FOREIGN_OWNER, 'silent')), 1, 1);
  for (const owner of [dead, other.owner, FOREIGN_OWNER])
    await mkdir(join(folder, foldersOf(owner)));
  const own = await makeOwnedFolder(folder, 'weights');
  await writeFile(draftOf(join(folder, 'mine')), '');
  for (const name of ['radish-weights-abcdef', 'other.tmp', `${dead}.tmp`]) {
    await writeFile(join(folder, name), '');
  }
  const before = await readdir(folder);
  await sweepDrafts(folder);
  await sweepOwnedFolders(folder);
  const left = await readdir(folder);
  const gone = before.filter((name) => !left.includes(name));
  t.same(
    gone.sort(),
    [nameOf(dead, 'dead'), nameOf(FOREIGN_OWNER, 'silent'), foldersOf(dead)].sort(),
  );
  t.ok(left.includes(basename(own)));
  await sweepDrafts(join(folder, 'not-there'));
});

t.test('a file has its name only when it is whole', async (t) => {
  const folder = t.testdir({ file: 'old' });
  const path = join(folder, 'file');
  const failure = new Error('no space');
  await t.rejects(
    writeWhole(path, async (draft) => {
      await writeFile(draft, 'ha');
      t.equal(await readFile(path, 'utf8'), 'old');
      throw failure;
    }),
    failure,
  );
  t.same(await readdir(folder), ['file'], 'and leaves no draft');
  await writeWhole(path, (draft) => writeFile(draft, 'new'));
  t.equal(await readFile(path, 'utf8'), 'new');
});
