import type { WeightCopy } from '../model/quantize/cache-inventory.js';
import type { CachedRepo } from '../model/source/hub-inventory.js';
import { cachesOf, readCopies, readRepos, sourceName, type Caches } from './caches.js';
import type { CliCommand } from './command.js';
import { EXIT_OK } from './exit-codes.js';
import { listText, type ExaminedRepo } from './list-text.js';

export const listCommand: CliCommand = {
  name: 'list',
  summary: "List the models in the hub's cache",
  about: "Whether Radish can serve each, and the quantised copies in Radish's own cache.",
  words: [],
  options: [
    { flags: '--json', help: 'Print JSON.' },
    { flags: '--quantization-cache-dir <dir>', help: 'Folder of the quantised copies.' },
  ],
  serverFlags: 'none',
  examples: ['radish list', 'radish list --json'],
  run: async (invocation, { out }) => {
    const caches = cachesOf(invocation);
    const models = await Promise.all((await readRepos(caches.hub)).map(examine));
    const copies = await readCopies(caches.copies);
    if (invocation.options['json'] === true) {
      out.write(`${JSON.stringify(asJson(caches, models, copies), null, 2)}\n`);
    } else out.write(listText(caches, models, copies, out));
    return EXIT_OK;
  },
};

async function examine(repo: CachedRepo): Promise<ExaminedRepo> {
  const { convertedTo, whyNotServed } = await import('../model/servable.js');
  const folders = repo.revisions.map(({ folder }) => folder);
  const obstacles = await Promise.all(folders.map(whyNotServed));
  const formats = await Promise.all(folders.map(convertedTo));
  return { ...repo, obstacles, formats };
}

function asJson(caches: Caches, models: readonly ExaminedRepo[], copies: readonly WeightCopy[]) {
  const time = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());
  return {
    hub_cache: caches.hub,
    models: models.map((model) => ({
      id: model.repo,
      path: model.folder,
      size: model.bytes,
      incomplete_size: model.partBytes,
      last_used: time(model.usedMs),
      last_modified: time(model.modifiedMs),
      revisions: model.revisions.map(({ commit, refs, folder }, index) => ({
        commit,
        refs,
        path: folder,
        can_be_served: model.obstacles[index] === null,
        why_not: model.obstacles[index] ?? null,
        converted_to: model.formats[index] ?? null,
      })),
    })),
    quantization_cache: caches.copies,
    quantized: copies.map((copy) => ({
      name: copy.name,
      path: copy.folder,
      format: copy.format,
      size: copy.bytes,
      last_used: time(copy.usedMs),
      models: copy.sources.map(sourceName),
      used_by: copy.users,
      unfinished: copy.isUnfinished,
    })),
  };
}
