import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { HubCache } from './hub-cache.js';
import { readRegularText } from './regular-file.js';
import { isRepoName } from './repo-name.js';

/** A repository in the hub's cache, whatever state it is in. */
export interface CachedRepo {
  readonly repo: string;
  readonly folder: string;
  /** Of all that lies there, each blob once. */
  readonly bytes: number;
  /** Of these, what downloads brought that are not finished. */
  readonly partBytes: number;
  /** Unix milliseconds; 0 = nothing is there. A file system may note reading late or not at all. */
  readonly usedMs: number;
  readonly modifiedMs: number;
  /** By the first name or the commit. */
  readonly revisions: readonly CachedRevision[];
}

export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that mean it. */
  readonly refs: readonly string[];
  readonly folder: string;
}

export interface CachedFile {
  readonly path: string;
  /** The file itself, for one that is reached through a link. */
  readonly target: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly modifiedMs: number;
}

const FOLDER = /^models--(.+)$/;
const PART = /incomplete$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** All models in a cache; none where there is no cache. @throws the file system's error for one that cannot be read */
export async function listRepos(cacheDir: string): Promise<readonly CachedRepo[]> {
  const names = await readdir(cacheDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const repos = names.sort().flatMap((name) => {
    const repo = FOLDER.exec(name)?.[1]?.replaceAll('--', '/');
    return repo !== undefined && isRepoName(repo) ? [repo] : [];
  });
  const found = await Promise.all(repos.map((repo) => inspectRepo(cacheDir, repo)));
  return found.filter((repo) => repo !== null);
}

/** One of them; null = it is not there. */
export async function inspectRepo(cacheDir: string, repo: string): Promise<CachedRepo | null> {
  const { folder } = new HubCache(cacheDir, repo);
  const facts = await stat(folder).catch(() => null);
  if (facts?.isDirectory() !== true) return null;
  const files = (await filesBelow(folder)).filter(({ path, target }) => path === target);
  const sum = (some: readonly CachedFile[]): number =>
    some.reduce((total, { bytes }) => total + bytes, 0);
  return {
    repo,
    folder,
    bytes: sum(files),
    partBytes: sum(files.filter(({ path }) => PART.test(path))),
    usedMs: Math.max(0, ...files.map(({ usedMs }) => usedMs)),
    modifiedMs: Math.max(0, ...files.map(({ modifiedMs }) => modifiedMs)),
    revisions: await revisionsOf(folder),
  };
}

/** Files in a folder and those below it, each link with what it leads to. Links to nothing are left out. */
export async function filesBelow(folder: string): Promise<readonly CachedFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      const facts = await stat(path).catch(() => null);
      if (facts?.isFile() !== true) return [];
      const target = entry.isSymbolicLink() ? await realpath(path).catch(() => path) : path;
      const { size: bytes, mtimeMs: modifiedMs, atimeMs } = facts;
      return [{ path, target, bytes, modifiedMs, usedMs: Math.max(atimeMs, modifiedMs) }];
    }),
  );
  return files.flat();
}

async function revisionsOf(folder: string): Promise<readonly CachedRevision[]> {
  const commits = await readdir(join(folder, 'snapshots')).catch(() => []);
  const refs = await refsOf(folder);
  const revisions = commits
    .filter((commit) => COMMIT.test(commit))
    .map((commit) => ({
      commit,
      refs: refs.filter((ref) => ref.commit === commit).map(({ name }) => name),
      folder: join(folder, 'snapshots', commit),
    }));
  const keyOf = ({ refs: [ref], commit }: CachedRevision): string => ref ?? `~${commit}`;
  return revisions.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Names of branches and tags, with what they mean. */
export async function refsOf(
  folder: string,
): Promise<readonly { readonly name: string; readonly path: string; readonly commit: string }[]> {
  const root = join(folder, 'refs');
  const entries = await readdir(root, { recursive: true }).catch(() => []);
  const refs = await Promise.all(
    entries.sort().map(async (name) => {
      const path = join(root, name);
      if ((await lstat(path).catch(() => null))?.isFile() !== true) return [];
      const commit = (await readRegularText(path, 1000).catch(() => '')).trim();
      return COMMIT.test(commit) ? [{ name: relative(root, path), path, commit }] : [];
    }),
  );
  return refs.flat();
}
