/**
 * The jobs of a draft that have ended, a line of JSON for each. A line is written behind the job's bytes, and is believed
 * only where these are read again and are the same: so it may be torn, or on the disk before them.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import type { JobJournal, QuantizeJob } from './job.js';
import type { WriteRecord, WrittenRun } from './written.js';

export interface JournaledJobs {
  /** In the same order; those that had ended know what they wrote. */
  readonly jobs: readonly QuantizeJob[];
  readonly numKnown: number;
  /** Of the checkpoint, as the jobs count them. */
  readonly knownBytes: number;
}

/** Jobs that write to the journal at `path`, and what it has of them already. */
export async function journaled(
  jobs: readonly QuantizeJob[],
  path: string,
): Promise<JournaledJobs> {
  const records = await readJournal(path);
  const withJournal = jobs.map((job) => {
    const id = idOf(job);
    return { ...job, journal: { path, id, known: records.get(id) ?? null } };
  });
  const known = withJournal.filter(({ journal }) => journal.known !== null);
  const knownBytes = known.reduce((sum, { bytes }) => sum + bytes, 0);
  return { jobs: withJournal, numKnown: known.length, knownBytes };
}

/** Behind a line that was torn it begins on one of its own. */
export function noteJob({ path, id }: Pick<JobJournal, 'path' | 'id'>, record: WriteRecord): void {
  appendFileSync(path, `\n${JSON.stringify({ job: id, ...record })}`, { mode: 0o600 });
}

/** The same for the same work on the same checkpoint, whatever file it fills. */
export function idOf(job: QuantizeJob): string {
  const work = JSON.stringify({ ...job, target: '' });
  return createHash('sha256').update(work).digest('hex').slice(0, 32);
}

/** By job; lines that cannot be read are left out. */
export async function readJournal(path: string): Promise<ReadonlyMap<string, WriteRecord>> {
  const records = new Map<string, WriteRecord>();
  const text = await readFile(path, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const entry = entryOf(line);
    if (entry !== null) records.set(entry.job, entry);
  }
  return records;
}

function entryOf(line: string): (WriteRecord & { readonly job: string }) | null {
  try {
    const { job, runs, sha256 } = JSON.parse(line) as Record<string, unknown>;
    if (typeof job !== 'string' || typeof sha256 !== 'string') return null;
    return Array.isArray(runs) && runs.every(isRun) ? { job, runs, sha256 } : null;
  } catch {
    return null;
  }
}

function isRun(value: unknown): value is WrittenRun {
  const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && Number(n) >= 0;
  return Array.isArray(value) && value.length === 4 && value.every(isCount);
}
