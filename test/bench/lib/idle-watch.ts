import { readFile } from 'node:fs/promises';

import type { Side } from './side.js';

/** Linux reports CPU time in ticks of 1/100 s. */
const MS_PER_TICK = 10;

/**
 * Watches that the sides that should be idle are: their CPU time, as a share of the wall time of the runs of
 * the others. Near 0 or the figures are worth nothing.
 */
export class IdleWatch {
  private readonly busyMs = new Map<string, number>();
  private readonly wallMs = new Map<string, number>();

  constructor(private readonly sides: readonly Pick<Side<unknown, unknown>, 'name' | 'pid'>[]) {}

  async during<T>(runner: string, work: () => Promise<T>): Promise<T> {
    const idle = this.sides.filter((side) => side.name !== runner);
    const before = await Promise.all(idle.map((side) => cpuMs(side.pid)));
    const start = performance.now();
    const result = await work();
    const wallMs = performance.now() - start;
    for (const [i, { name, pid }] of idle.entries()) {
      const spent = (await cpuMs(pid)) - (before[i] ?? 0);
      this.busyMs.set(name, (this.busyMs.get(name) ?? 0) + spent);
      this.wallMs.set(name, (this.wallMs.get(name) ?? 0) + wallMs);
    }
    return result;
  }

  /** Share of the wall time, 1 = one core; null where the system does not tell. */
  shares(): Record<string, number | null> {
    const share = (name: string, ms: number) => {
      const value = ms / (this.wallMs.get(name) ?? NaN);
      return Number.isNaN(value) ? null : Number(value.toFixed(4));
    };
    return Object.fromEntries([...this.busyMs].map(([name, ms]) => [name, share(name, ms)]));
  }
}

/** User and system time of a process and its ended threads; NaN where there is no /proc. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field, the program's name, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
