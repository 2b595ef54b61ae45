import { readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import t from 'tap';

import { HubCache } from '../../../../src/model/source/hub-cache.js';
import { inspectRepo, listRepos } from '../../../../src/model/source/hub-inventory.js';
import { sweepRepo } from '../../../../src/model/source/hub-leftovers.js';
import {
  freedBytes,
  removeRevisions,
  revisionsNamed,
} from '../../../../src/model/source/hub-removal.js';
import { killedOwner, startOther } from '../../../doubles/owners.js';

const [OLD, NEW] = ['a'.repeat(40), 'ab'.repeat(20)];

t.test('of a revision goes what no other one has', async (t) => {
  const hub = t.testdir({ 'models--a--b': { blobs: { old: '123', new: '12345', both: '1' } } });
  const cache = new HubCache(hub, 'a/b');
  for (const [commit, own] of [
    [OLD, 'old'],
    [NEW, 'new'],
  ] as const) {
    await cache.link(own, cache.snapshot(commit), 'model.safetensors');
    await cache.link('both', cache.snapshot(commit), 'config.json');
  }
  await cache.writeRef('main', NEW);
  await cache.writeRef('refs/pr/1', OLD);
  await writeFile(join(hub, 'outside'), 'mine');
  await symlink(join(hub, 'outside'), join(cache.snapshot(OLD), 'link'));
  const [repo] = await listRepos(hub);
  if (repo === undefined) throw new Error('There is one.');
  t.match(repo, { repo: 'a/b', partBytes: 0 });
  t.same(
    revisionsNamed(repo, 'aaaa').map(({ commit }) => commit),
    [OLD],
  );
  t.same(
    revisionsNamed(repo, 'main').map(({ commit }) => commit),
    [NEW],
  );
  t.equal(revisionsNamed(repo, 'aaa').length, 0, 'too short to say');
  await removeRevisions(repo, revisionsNamed(repo, 'refs/pr/1'));
  t.same((await readdir(join(cache.folder, 'blobs'))).sort(), ['both', 'new']);
  t.equal(await readFile(join(cache.snapshot(NEW), 'config.json'), 'utf8'), '1');
  t.equal(await readFile(join(hub, 'outside'), 'utf8'), 'mine');
  t.match((await inspectRepo(hub, 'a/b'))?.revisions, [{ commit: NEW, refs: ['main'] }]);
  t.equal(await freedBytes(hub, repo), '123'.length + OLD.length);
});

t.test(
  'parts that nobody needs or writes go, those that a download goes on with stay',
  async (t) => {
    const digests = ['wanted', 'finished', 'obsolete', 'locked', 'fresh'].map((name) =>
      Buffer.from(name.padEnd(20)).toString('hex'),
    );
    const [wanted = '', finished = '', obsolete = '', locked = '', fresh = ''] = digests;
    const parts = Object.fromEntries(digests.map((digest) => [`${digest}.incomplete`, '1']));
    const other = await startOther();
    t.teardown(() => other.kill());
    const draft = `main.${await killedOwner()}.0123abcd.tmp`;
    const hub = t.testdir({
      'models--a--b': { blobs: { ...parts, [finished]: '12' }, refs: { [draft]: '', main: OLD } },
      '.locks': { 'models--a--b': { [`${locked}.radish`]: other.owner } },
    });
    const cache = new HubCache(hub, 'a/b');
    const blobs = join(cache.folder, 'blobs');
    for (const digest of digests) {
      if (digest !== fresh) await utimes(join(blobs, `${digest}.incomplete`), 1, 1);
    }
    await sweepRepo(cache, new Set([wanted, finished]));
    const left = [finished, ...[wanted, locked, fresh].map((digest) => `${digest}.incomplete`)];
    t.same((await readdir(blobs)).sort(), left.sort());
    t.notOk(left.some((name) => name.startsWith(obsolete)));
    t.same(await readdir(join(cache.folder, 'refs')), ['main']);
  },
);
