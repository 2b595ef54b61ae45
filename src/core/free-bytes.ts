import { statfs } from 'node:fs/promises';

/** What the disk of a folder has left for this user; Infinity where nobody knows. */
export async function freeBytes(folder: string): Promise<number> {
  const facts = await statfs(folder).catch(() => null);
  // Some file systems count no blocks.
  return facts === null || facts.blocks === 0 ? Infinity : facts.bavail * facts.bsize;
}
