import { readFile } from 'node:fs/promises';

import type { Side } from './side.js';

/** Resident memory of a process, MiB; null where the system does not tell. */
async function residentMiB(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Math.round(Number(kib) / 1024);
}

/** By the name of each side. */
export async function residentOf(
  sides: readonly Pick<Side<unknown, unknown>, 'name' | 'pid'>[],
): Promise<Record<string, number | null>> {
  const sizes = sides.map(async ({ name, pid }) => [name, await residentMiB(pid)] as const);
  return Object.fromEntries(await Promise.all(sizes));
}
