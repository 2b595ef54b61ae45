import { access } from 'node:fs/promises';

import { UsageError } from '../config/flag-spec.js';
import { shownBytes } from '../core/shown-size.js';
import type { WeightCopy } from '../model/quantize/cache-inventory.js';
import { cachesOf, readCopies, removeCopy, sourceName } from './caches.js';
import type { CliCommand, Invocation } from './command.js';
import { EXIT_OK } from './exit-codes.js';

const DAY_MS = 24 * 3600 * 1000;

export const pruneCommand: CliCommand = {
  name: 'prune',
  summary: "Remove quantised copies from Radish's own cache",
  about: [
    'Those that are broken, unfinished or of random weights, and those whose models are gone; with a flag more of',
    'them. None that a process has open, and no model: a start that misses a copy makes it again.',
  ].join('\n'),
  words: [],
  options: [
    { flags: '--all', help: 'All of them.' },
    { flags: '--unused-for <days>', help: 'Also those that nobody used for so many days.' },
    { flags: '--quantization-cache-dir <dir>', help: 'Folder of the quantised copies.' },
  ],
  serverFlags: 'none',
  examples: ['radish prune', 'radish prune --unused-for 30', 'radish prune --all'],
  run: async (invocation, { out }) => {
    const { copies: folder } = cachesOf(invocation);
    const isUnwanted = wishOf(invocation);
    let [freed, left] = [0, 0];
    for (const copy of await readCopies(folder)) {
      const bytes = copy.bytes ?? 0;
      if (!(await isUnwanted(copy))) left += bytes;
      else if (await removeCopy(copy)) {
        freed += bytes;
        out.write(`Removed ${shownCopy(copy)}.\n`);
      } else {
        left += bytes;
        out.write(`Kept ${shownCopy(copy)}: it is in use.\n`);
      }
    }
    out.write(`${shownBytes(freed)} freed; ${shownBytes(left)} left in ${folder}.\n`);
    return EXIT_OK;
  },
};

type Wish = (copy: WeightCopy) => Promise<boolean>;

/** What is to go. @throws UsageError */
function wishOf({ options }: Pick<Invocation, 'options'>): Wish {
  const { all, unusedFor } = options;
  if (all === true) return () => Promise.resolve(true);
  const days = Number(unusedFor ?? Infinity);
  if (unusedFor === '' || !(days >= 0)) {
    throw new UsageError(`--unused-for must be a number of days, not ${String(unusedFor)}.`);
  }
  const before = Date.now() - days * DAY_MS;
  return async (copy) => copy.usedMs <= before || (await isUseless(copy));
}

/** Nobody can want it again. */
async function isUseless({ bytes, format, isUnfinished, sources }: WeightCopy): Promise<boolean> {
  if (bytes === null || isUnfinished || format === 'dummy') return true;
  const areThere = await Promise.all(sources.map(isThere));
  return sources.length > 0 && !areThere.includes(true);
}

async function isThere(files: readonly string[]): Promise<boolean> {
  return Promise.all(files.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}

/** `int8 of org/name (1.2 GB)` */
function shownCopy({ format, bytes, sources }: WeightCopy): string {
  const size = bytes === null ? 'broken' : shownBytes(bytes);
  if (format === 'dummy') return `random weights (${size})`;
  const models = sources.map(sourceName).join(', ') || 'a model that was not noted';
  return `${format} of ${models} (${size})`;
}
