import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { INDEX_FILE, readIndex } from './safetensors.js';

const COMMIT = /^[0-9a-f]{40}$/;

/** Hugging Face's cache folder of one repository: `blobs/`, `refs/`, `snapshots/<commit>/`. */
export class HubCache {
  readonly folder: string;

  constructor(cacheDir: string, repo: string) {
    this.folder = join(cacheDir, `models--${repo.replaceAll('/', '--')}`);
  }

  /** Folder of a commit's files, whether it is there or not. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** Path of a file's content, whether it is there or not. */
  blob(digest: string): string {
    return join(this.folder, 'blobs', digest);
  }

  /** The snapshot folder of a revision, if it is known here. It may be incomplete. */
  async find(revision: string): Promise<string | null> {
    const commit = COMMIT.test(revision) ? revision : await this.#readRef(revision);
    if (commit === null) return null;
    const folder = this.snapshot(commit);
    return (await exists(folder)) ? folder : null;
  }

  /** Remembers which commit a branch or tag means. */
  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const path = join(this.folder, 'refs', revision);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, commit);
  }

  /** Puts a blob into a snapshot under its file name: a relative link, or a copy where links fail. */
  async link(digest: string, snapshot: string, name: string): Promise<void> {
    const path = join(snapshot, name);
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    const blob = this.blob(digest);
    try {
      await symlink(relative(dirname(path), blob), path);
    } catch {
      await copyFile(blob, path);
    }
  }

  async #readRef(revision: string): Promise<string | null> {
    try {
      const commit = (await readFile(join(this.folder, 'refs', revision), 'utf8')).trim();
      return COMMIT.test(commit) ? commit : null;
    } catch {
      return null;
    }
  }
}

/** Whether a snapshot holds config.json and all of its weight files (links followed). */
export async function isComplete(snapshot: string): Promise<boolean> {
  if (!(await exists(join(snapshot, 'config.json')))) return false;
  const names = await readdir(snapshot);
  const weights = names.includes(INDEX_FILE)
    ? [...new Set((await readIndex(snapshot)).values())]
    : names.filter((name) => name.endsWith('.safetensors'));
  const present = await Promise.all(weights.map((name) => exists(join(snapshot, name))));
  return weights.length > 0 && present.every(Boolean);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
