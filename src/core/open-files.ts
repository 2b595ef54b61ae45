import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Numbers of the other processes that have something below a folder open or mapped, as far as this user may see and
 * where there is a /proc. `folder`: an absolute path without links.
 */
export async function processesUsing(folder: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const uses = await Promise.all(pids.map((pid) => isUsing(pid, `${folder}/`)));
  return pids.filter((_, index) => uses[index]);
}

async function isUsing(pid: number, prefix: string): Promise<boolean> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  if (maps.includes(` ${prefix}`)) return true;
  const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of open) {
    const path = await readlink(join(`/proc/${pid}/fd`, fd)).catch(() => '');
    if (path.startsWith(prefix)) return true;
  }
  return false;
}
