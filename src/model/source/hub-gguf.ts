import { readdir } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import { isGgufFile, partNames } from './gguf/split.js';
import { isRepoName } from './repo-name.js';

/** A GGUF file of a repository, as a command line names it: `org/name/FILE.gguf`, or `org/name:QUANT`. */
export interface HubGguf {
  readonly repo: string;
  /** Path in the repository, or what a file's name has before its end, e.g. `Q4_K_M`. */
  readonly wanted: { readonly file: string } | { readonly quant: string };
}

const FILE = /^([^/]+\/[^/]+)\/((?:\w[\w.-]*\/)*\w[\w.-]*\.gguf)$/i;
const QUANT = /^([^:/]+\/[^:/]+):(\w[\w.-]{0,63})$/;

/** Null for what names no such file. */
export function hubGguf(text: string): HubGguf | null {
  const [, fileRepo = '', file] = FILE.exec(text) ?? [];
  if (file !== undefined && isRepoName(fileRepo)) return { repo: fileRepo, wanted: { file } };
  const [, quantRepo = '', quant] = QUANT.exec(text) ?? [];
  return quant !== undefined && isRepoName(quantRepo)
    ? { repo: quantRepo, wanted: { quant } }
    : null;
}

/** The wanted file and what it is split into, the first one first; none where not all are among `paths`. */
export function chooseGguf(paths: readonly string[], { wanted }: HubGguf): readonly string[] {
  const first = 'file' in wanted ? wanted.file : ofQuant(paths, wanted.quant);
  if (first === null) return [];
  const parts = partNames(first);
  return parts.every((part) => paths.includes(part)) ? parts : [];
}

/** `NAME-QUANT.gguf`, or the first part of it; a vision model's projector is another model. */
function ofQuant(paths: readonly string[], quant: string): string | null {
  const end = `${quant.toLowerCase()}.gguf`;
  const found = paths.filter((path) => {
    const name = basename(path).toLowerCase();
    if (!isGgufFile(name) || name.startsWith('mmproj')) return false;
    const whole = name.replace(/-\d{5}-of-\d{5}(?=\.gguf$)/, '');
    return whole === end || whole.endsWith(`-${end}`) || whole.endsWith(`.${end}`);
  });
  return found.sort()[0] ?? null;
}

/** The same of a snapshot in the cache: the whole path of the first file, or null. */
export async function findCachedGguf(snapshot: string, asked: HubGguf): Promise<string | null> {
  const names = await readdir(snapshot, { recursive: true }).catch(() => []);
  const [first] = chooseGguf(
    names.map((name) => name.split(sep).join('/')),
    asked,
  );
  return first === undefined ? null : join(snapshot, first);
}

/** What is said where a repository has no such file. */
export function noGguf(paths: readonly string[], { repo, wanted }: HubGguf): ModelLoadError {
  const has = paths.filter(isGgufFile).slice(0, 40);
  const what = 'file' in wanted ? wanted.file : `GGUF file of ${wanted.quant}`;
  const list = has.length === 0 ? 'It has no GGUF files' : `It has ${has.join(', ')}`;
  return new ModelLoadError('repo_not_found', `${repo} has no ${what}, or not all of it. ${list}.`);
}
