import { realpath } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { UsageError } from '../config/flag-spec.js';
import { StartupError } from '../core/errors.js';
import { shownBytes } from '../core/shown-size.js';
import type { WeightCopy } from '../model/quantize/cache-inventory.js';
import type { CachedRepo, CachedRevision } from '../model/source/hub-inventory.js';
import { cachesOf, readCopies, removeCopy, type Caches } from './caches.js';
import type { CliCommand, Surroundings } from './command.js';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.js';
import { modelWords, shownModel, type ModelWord } from './model-word.js';

export const rmCommand: CliCommand = {
  name: 'rm',
  summary: "Remove models from the hub's cache",
  about: [
    'All revisions, or the one behind the @ (a branch, a tag, a commit or its beginning), and the quantised copies',
    "in Radish's own cache. What other revisions share stays. A model that a process has open is not removed.",
  ].join('\n'),
  words: [{ name: 'MODEL[@REVISION]', kind: 'rest' }],
  options: [
    { flags: '-y, --yes', help: 'Do not ask.' },
    { flags: '--quantization-cache-dir <dir>', help: 'Folder of the quantised copies.' },
  ],
  serverFlags: 'none',
  examples: ['radish rm Qwen/Qwen3-0.6B', 'radish rm --yes Qwen/Qwen3-0.6B@main'],
  run: async (invocation, surroundings) => {
    const caches = cachesOf(invocation);
    const removals: Removal[] = [];
    // All are looked at before any is removed.
    const models = modelWords([...new Set(invocation.words)], 'rm');
    for (const model of models) {
      removals.push(await planRemoval(model, caches));
    }
    const isSure = invocation.options['yes'] === true || (await asked(removals, surroundings));
    if (!isSure) {
      surroundings.err.write('Nothing was removed.\n');
      return EXIT_FAILED;
    }
    // Each once more: much may have begun since, and what two of them share is the last one's.
    for (const model of models) {
      await remove(await planRemoval(model, caches), caches, surroundings.out);
    }
    return EXIT_OK;
  },
};

interface Removal {
  readonly model: ModelWord;
  readonly repo: CachedRepo;
  /** Null = all that there is. */
  readonly revisions: readonly CachedRevision[] | null;
  /** Copies of these revisions, and perhaps of other models too. */
  readonly copies: readonly WeightCopy[];
  /** Whether one of these files goes. */
  readonly isGone: (source: readonly string[]) => boolean;
}

/** @throws StartupError where it is not there or in use */
async function planRemoval(model: ModelWord, caches: Caches): Promise<Removal> {
  const { inspectRepo } = await import('../model/source/hub-inventory.js');
  const { blobsOnlyOf } = await import('../model/source/hub-removal.js');
  const repo = await inspectRepo(caches.hub, model.repo);
  if (repo === null) throw new StartupError(`${model.repo} is not in ${caches.hub}.`);
  const revisions = model.revision === null ? null : await revisionsOf(model, repo);
  const files = await blobsOnlyOf(repo, revisions ?? repo.revisions);
  const isGone: Removal['isGone'] = (source) => source.some((path) => files.has(path));
  const copies = (await readCopies(caches.copies)).filter(({ sources }) => sources.some(isGone));
  const removal = { model, repo, revisions, copies, isGone };
  await refuseUsed(removal, caches);
  return removal;
}

/** @throws StartupError where none or several have that name */
async function revisionsOf(model: ModelWord, repo: CachedRepo): Promise<readonly CachedRevision[]> {
  const { revisionsNamed } = await import('../model/source/hub-removal.js');
  const found = revisionsNamed(repo, model.revision ?? '');
  if (found.length === 1) return found;
  const there = repo.revisions.map(({ refs, commit }) => refs[0] ?? commit).join(', ') || 'none';
  const what = found.length === 0 ? 'is no revision of' : 'means several revisions of';
  throw new StartupError(
    `${model.revision ?? ''} ${what} ${model.repo} here; there are: ${there}.`,
  );
}

/** @throws StartupError */
async function refuseUsed({ model, repo, copies }: Removal, caches: Caches): Promise<void> {
  const { processesUsing } = await import('../core/open-files.js');
  const { downloaderOf } = await import('../model/source/hub-removal.js');
  const downloader = await downloaderOf(caches.hub, model.repo);
  if (downloader !== null) {
    throw new StartupError(`${model.repo} is being downloaded by ${processName(downloader.pid)}.`);
  }
  const users = [
    ...copies.flatMap((copy) => copy.users),
    ...(await processesUsing(await realpath(repo.folder))),
  ];
  const [first] = users;
  if (first === undefined) return;
  const names = [...new Set(users.map(processName))].join(', ');
  throw new StartupError(`${shownModel(model)} is in use by ${names}: stop it first.`);
}

function processName(pid: number | null): string {
  return pid === null ? 'a process on another machine or in another container' : `process ${pid}`;
}

/** @throws UsageError where there is nobody to ask */
async function asked(
  removals: readonly Removal[],
  { err, input }: Pick<Surroundings, 'err' | 'input'>,
): Promise<boolean> {
  const what = removals.map(described).join(', ');
  if (input.isTTY !== true || err.isTTY !== true) {
    throw new UsageError(`There is nobody to ask: --yes removes ${what}.`);
  }
  err.write(`Remove ${what}? [y/N] `);
  const line = await answer(input);
  // Ctrl-D.
  if (line === null) err.write('\n');
  return /^\s*y(es)?\s*$/i.test(line ?? '');
}

/** One line; null = the input ended. */
async function answer(input: Surroundings['input']): Promise<string | null> {
  const lines = createInterface({ input, terminal: false });
  try {
    return await new Promise((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => {
        resolve(null);
      });
    });
  } finally {
    lines.close();
  }
}

function described({ model, repo, revisions, copies }: Removal): string {
  const size = revisions === null ? ` (${shownBytes(repo.bytes)})` : '';
  const noun = copies.length === 1 ? 'quantised copy' : 'quantised copies';
  const bytes = copies.reduce((sum, copy) => sum + (copy.bytes ?? 0), 0);
  const more = copies.length === 0 ? '' : ` with ${copies.length} ${noun} (${shownBytes(bytes)})`;
  return `${shownModel(model)}${size}${more}`;
}

/** @throws StartupError where the file system does not let it */
async function remove(
  { model, repo, revisions, copies, isGone }: Removal,
  { hub }: Caches,
  out: Surroundings['out'],
): Promise<void> {
  const { freedBytes, removeRepo, removeRevisions } =
    await import('../model/source/hub-removal.js');
  try {
    if (revisions === null) await removeRepo(hub, repo);
    else await removeRevisions(repo, revisions);
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new StartupError(`${repo.folder} cannot be removed (${code}).`, { cause });
  }
  const freed = (await freedBytes(hub, repo)) + (await removeCopies(copies, isGone));
  out.write(`Removed ${shownModel(model)}: ${shownBytes(freed)} freed.\n`);
}

/** Those that are of another model too stay. @returns how many bytes are free now */
async function removeCopies(
  copies: readonly WeightCopy[],
  isGone: Removal['isGone'],
): Promise<number> {
  const { forgetSources } = await import('../model/quantize/cache-sources.js');
  let freed = 0;
  for (const copy of copies) {
    const { folder, bytes, sources } = copy;
    if (!sources.every(isGone)) await forgetSources(folder, isGone);
    else if (await removeCopy(copy)) freed += bytes ?? 0;
  }
  return freed;
}
