import { copyFile, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { makeFolders } from '../../core/make-folders.js';
import { writeWhole } from '../../core/owned-drafts.js';
import { moduleFolders, MODULES_FILE } from './module-path.js';
import { readRegularText } from './regular-file.js';
import { TEMPLATES_FOLDER } from './repo-files.js';
import { INDEX_FILE, readIndex } from './safetensors.js';

const COMMIT = /^[0-9a-f]{40}$/;
const WEIGHT_FILE = /\.safetensors(\.index\.json)?$/;
/** The two files of an adapter, as peft names them. */
export const ADAPTER_FILE = 'adapter_model.safetensors';
export const ADAPTER_CONFIG = 'adapter_config.json';
const TOKENIZERS = ['tokenizer.json', 'tokenizer.model', 'vocab.json', 'vocab.txt'];
/** What decides how a model answers, and a repository may lack. */
const OPTIONAL = [
  MODULES_FILE,
  TEMPLATES_FOLDER,
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
];

/**
 * Hugging Face's cache folder of one repository: `blobs/`, `refs/`, `snapshots/<commit>/`, and `.no_exist/<commit>/`
 * with an empty file for each file that the repository does not have.
 */
export class HubCache {
  readonly folder: string;

  /** Where those who write a blob leave a note. */
  readonly locks: string;

  constructor(cacheDir: string, repo: string) {
    const name = `models--${repo.replaceAll('/', '--')}`;
    this.folder = join(cacheDir, name);
    this.locks = join(cacheDir, '.locks', name);
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
    await replaceFile(path, commit);
  }

  /** Puts a blob into a snapshot under its file name: a relative link, or a copy where links fail. */
  async link(digest: string, snapshot: string, name: string): Promise<void> {
    const path = join(snapshot, name);
    const target = relative(dirname(path), this.blob(digest));
    if ((await readlink(path).catch(() => null)) === target) return;
    await makeFolders(dirname(path));
    await writeWhole(path, (draft) =>
      symlink(target, draft).catch(() => copyFile(this.blob(digest), draft)),
    );
  }

  /** The lock of who downloads a blob, beside those of huggingface_hub. */
  lock(digest: string): string {
    return join(this.locks, `${digest}.radish`);
  }

  /** Remembers which optional files a repository lacks, once all that it has are in the snapshot. */
  async noteAbsent(commit: string): Promise<void> {
    const snapshot = this.snapshot(commit);
    for (const name of OPTIONAL) {
      if (await exists(join(snapshot, name))) continue;
      const note = this.#absence(commit, name);
      await replaceFile(note, '');
    }
  }

  /**
   * Whether each optional file is in the snapshot or known not to exist: other programs download only what
   * they read themselves.
   */
  async isSettled(snapshot: string): Promise<boolean> {
    const commit = basename(snapshot);
    const known = await Promise.all(
      OPTIONAL.map(
        async (name) =>
          (await exists(join(snapshot, name))) || (await exists(this.#absence(commit, name))),
      ),
    );
    return known.every(Boolean);
  }

  #absence(commit: string, name: string): string {
    return join(this.folder, '.no_exist', commit, name);
  }

  async #readRef(revision: string): Promise<string | null> {
    try {
      const commit = (await readRegularText(join(this.folder, 'refs', revision))).trim();
      return COMMIT.test(commit) ? commit : null;
    } catch {
      return null;
    }
  }
}

/** Whether a snapshot holds config.json and all of its weight files (links followed), those of its modules too. */
export async function isComplete(snapshot: string): Promise<boolean> {
  const { trunk, parts } = moduleFolders(await readModules(snapshot));
  if (!(await exists(join(snapshot, trunk, 'config.json')))) return false;
  if (!(await hasWeights(join(snapshot, trunk)))) return false;
  const present = await Promise.all(parts.map((part) => isPartComplete(join(snapshot, part))));
  return present.every(Boolean);
}

/** Whether a tokenizer is among the names of a snapshot's files, whatever it lacks of the model. */
export function hasTokenizer(names: readonly string[]): boolean {
  return TOKENIZERS.some((name) => names.includes(name));
}

/** Whether a snapshot holds both files of an adapter (links followed). */
export async function hasAdapter(snapshot: string): Promise<boolean> {
  const found = await Promise.all(
    [ADAPTER_CONFIG, ADAPTER_FILE].map((name) => exists(join(snapshot, name))),
  );
  return found.every(Boolean);
}

/** `modules.json` of a snapshot; null where it has none, or none that can be read. */
export async function readModules(snapshot: string): Promise<unknown> {
  try {
    return JSON.parse(await readRegularText(join(snapshot, MODULES_FILE)));
  } catch {
    return null;
  }
}

/** A folder with nothing in it is not in any repository: some modules have no files. */
async function isPartComplete(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => null);
  if (names === null) return true;
  const hasPart = names.some((name) => WEIGHT_FILE.test(name)) ? await hasWeights(folder) : true;
  return hasPart && (await exists(join(folder, 'config.json')));
}

async function hasWeights(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  const weights = names.includes(INDEX_FILE)
    ? [...new Set((await readIndex(folder)).values())]
    : names.filter((name) => name.endsWith('.safetensors'));
  const present = await Promise.all(weights.map((name) => exists(join(folder, name))));
  return weights.length > 0 && present.every(Boolean);
}

async function replaceFile(path: string, text: string): Promise<void> {
  await makeFolders(dirname(path));
  await writeWhole(path, (draft) => writeFile(draft, text, { flag: 'wx' }));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
