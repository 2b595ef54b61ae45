import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface OfflineHub {
  /** What a server needs in its environment to find the repositories, and nothing else. */
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/**
 * A cache as huggingface_hub leaves it behind, for a machine without a network: each repository has one
 * snapshot with links to the files of the folders named (from the repository's root), later ones first.
 */
export async function makeOfflineHub(
  repos: Readonly<Record<string, readonly string[]>>,
): Promise<OfflineHub> {
  const home = await mkdtemp(join(tmpdir(), 'radish-hub-'));
  for (const [repo, folders] of Object.entries(repos)) {
    const base = join(home, 'hub', `models--${repo.replaceAll('/', '--')}`);
    const commit = createHash('sha1').update(repo).digest('hex');
    const snapshot = join(base, 'snapshots', commit);
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(base, 'refs'));
    await writeFile(join(base, 'refs', 'main'), commit);
    for (const folder of folders) await linkFiles(join(ROOT, folder), snapshot);
  }
  return {
    env: { HF_HOME: home, HF_HUB_CACHE: '', HF_HUB_OFFLINE: '1' },
    remove: () => rm(home, { recursive: true }),
  };
}

async function linkFiles(folder: string, snapshot: string): Promise<void> {
  for (const name of await readdir(folder)) {
    await rm(join(snapshot, name), { force: true });
    await symlink(join(folder, name), join(snapshot, name));
  }
}
