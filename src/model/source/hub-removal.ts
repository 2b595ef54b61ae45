import { readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { lockHolder } from '../../core/file-lock.js';
import { HubCache } from './hub-cache.js';
import {
  type CachedRepo,
  type CachedRevision,
  filesBelow,
  inspectRepo,
  refsOf,
} from './hub-inventory.js';

/** The revisions that a branch, a tag, a commit or the beginning of one means. */
export function revisionsNamed(repo: CachedRepo, name: string): readonly CachedRevision[] {
  const named = repo.revisions.filter(({ refs }) => refs.includes(name));
  if (named.length > 0 || !/^[0-9a-f]{4,40}$/.test(name)) return named;
  return repo.revisions.filter(({ commit }) => commit.startsWith(name));
}

/** Whether somebody downloads into a repository now: the process, null where it has no number here; else false. */
export async function downloaderOf(
  cacheDir: string,
  repo: string,
): Promise<{ readonly pid: number | null } | null> {
  const { locks } = new HubCache(cacheDir, repo);
  for (const name of await readdir(locks).catch(() => [])) {
    const holder = name.endsWith('.radish') ? await lockHolder(join(locks, name)) : null;
    if (holder !== null) return holder;
  }
  return null;
}

/**
 * Removes a repository's folder. What makes it look whole goes first: one that is interrupted leaves what no loader
 * takes for a model. @throws the file system's error
 */
export async function removeRepo(cacheDir: string, repo: CachedRepo): Promise<void> {
  const { locks } = new HubCache(cacheDir, repo.repo);
  for (const part of ['refs', 'snapshots', 'blobs', '.no_exist', '.']) {
    await rm(join(repo.folder, part), { recursive: true, force: true });
  }
  await rm(locks, { recursive: true, force: true });
}

/** Files that these revisions are made of, by their true paths, and that no other revision has. */
export async function blobsOnlyOf(
  repo: CachedRepo,
  revisions: readonly CachedRevision[],
): Promise<ReadonlySet<string>> {
  const kept = repo.revisions.filter((revision) => !revisions.includes(revision));
  const [going, needed] = [await targetsOf(revisions), await targetsOf(kept)];
  return new Set([...going].filter((path) => !needed.has(path)));
}

async function targetsOf(revisions: readonly CachedRevision[]): Promise<ReadonlySet<string>> {
  const files = await Promise.all(revisions.map(({ folder }) => filesBelow(folder)));
  return new Set(
    await Promise.all(files.flat().map(({ target }) => realpath(target).catch(() => target))),
  );
}

/** Removes some revisions, and of the blobs those that no other has. @throws the file system's error */
export async function removeRevisions(
  repo: CachedRepo,
  revisions: readonly CachedRevision[],
): Promise<void> {
  const blobs = await blobsOnlyOf(repo, revisions);
  const gone = new Set(revisions.map(({ commit }) => commit));
  for (const ref of await refsOf(repo.folder)) {
    if (gone.has(ref.commit)) await rm(ref.path, { force: true });
  }
  for (const { folder, commit } of revisions) {
    await rm(folder, { recursive: true, force: true });
    await rm(join(repo.folder, '.no_exist', commit), { recursive: true, force: true });
  }
  // Not where a link of a snapshot led elsewhere.
  const folder = await realpath(join(repo.folder, 'blobs')).catch(() => null);
  for (const path of blobs) if (dirname(path) === folder) await rm(path, { force: true });
}

/** How much of what a repository had is not there any more. */
export async function freedBytes(cacheDir: string, before: CachedRepo): Promise<number> {
  return before.bytes - ((await inspectRepo(cacheDir, before.repo))?.bytes ?? 0);
}
