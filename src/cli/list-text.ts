import { shownBytes } from '../core/shown-size.js';
import type { WeightCopy } from '../model/quantize/cache-inventory.js';
import type { CachedRepo, CachedRevision } from '../model/source/hub-inventory.js';
import { sourceName, type Caches } from './caches.js';
import type { Surroundings } from './command.js';
import { renderTable, type TableColumn } from './table.js';

/** A repository with what speaks against it. */
export interface ExaminedRepo extends CachedRepo {
  /** Why Radish cannot serve each revision, in their order; null = it can. */
  readonly obstacles: readonly (string | null)[];
  /** What `radish convert` made of each, in their order; null = it is not of it. */
  readonly formats: readonly (string | null)[];
}

const MODEL_COLUMNS: readonly TableColumn[] = [
  { title: 'MODEL', align: 'left', shrinksTo: 16 },
  { title: 'REVISION', align: 'left', shrinksTo: 8 },
  { title: 'SIZE', align: 'right' },
  { title: 'USED', align: 'left' },
  { title: 'SERVES', align: 'left', shrinksTo: 10 },
];

const COPY_COLUMNS: readonly TableColumn[] = [
  { title: 'QUANTIZED COPY OF', align: 'left', shrinksTo: 17 },
  { title: 'FORMAT', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'USED', align: 'left' },
];

export function listText(
  caches: Caches,
  models: readonly ExaminedRepo[],
  copies: readonly WeightCopy[],
  out: Surroundings['out'],
): string {
  const width = out.isTTY === true ? out.columns || 80 : null;
  const total = models.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = [
    models.length === 0
      ? `No models in ${caches.hub} yet. Next: radish pull Qwen/Qwen3-0.6B\n`
      : renderTable(MODEL_COLUMNS, models.map(modelRow), width),
    copies.length === 0 ? '' : renderTable(COPY_COLUMNS, copies.map(copyRow), width),
  ];
  if (width !== null && models.length > 0) parts.push(`${shownBytes(total)} in ${caches.hub}\n`);
  return parts.filter((part) => part !== '').join('\n');
}

function modelRow(model: ExaminedRepo): readonly string[] {
  return [
    model.repo,
    model.revisions.map(revisionName).join(', ') || '-',
    shownBytes(model.bytes),
    day(model.usedMs),
    verdict(model),
  ];
}

function copyRow(copy: WeightCopy): readonly string[] {
  const of = copy.format === 'dummy' ? '(dummy weights)' : copy.sources.map(sourceName).join(', ');
  const used = copy.users.length > 0 ? 'now' : day(copy.usedMs);
  const state = copy.isUnfinished ? 'unfinished' : used;
  const size = copy.bytes === null ? 'broken' : shownBytes(copy.bytes);
  return [of || '(not noted)', copy.format, size, state];
}

/** Yes for all revisions, or what is in the way of the first that cannot be served. */
function verdict({ obstacles, formats, partBytes }: ExaminedRepo): string {
  const part = partBytes > 0 ? `half downloaded (${shownBytes(partBytes)})` : '';
  if (obstacles.length === 0) return part || 'no: empty';
  const reasons = obstacles.filter((obstacle) => obstacle !== null);
  if (reasons.length === 0) {
    const converted = [...new Set(formats.filter((format) => format !== null))].join(', ');
    const yes = converted === '' ? 'yes' : `yes, converted to ${converted}`;
    return part === '' ? yes : `${yes}; another is ${part}`;
  }
  const no = reasons.length === obstacles.length ? 'no' : 'not all';
  return `${no}: ${part !== '' && reasons[0]?.startsWith('incomplete') === true ? part : (reasons[0] ?? '')}`;
}

/** A branch, or the beginning of the commit as git shows it. */
function revisionName({ refs, commit }: CachedRevision): string {
  return refs.length > 0 ? refs.join(', ') : commit.slice(0, 7);
}

function day(ms: number): string {
  return ms === 0 ? '-' : new Date(ms).toISOString().slice(0, 10);
}
