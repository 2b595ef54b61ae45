import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { RadishProcess } from './radish-process.js';

const GONE_MS = 5000;

export interface DeviceProcess {
  readonly pid: number;
  /** `rank 0 generation 1` */
  readonly label: string;
}

/** The processes that a server has for its devices. */
export async function devicesOf({ child }: Pick<RadishProcess, 'child'>): Promise<DeviceProcess[]> {
  const tasks = `/proc/${child.pid ?? 0}/task`;
  const lists = await Promise.all(
    (await readdir(tasks)).map((id) => readFile(`${tasks}/${id}/children`, 'utf8').catch(() => '')),
  );
  const pids = lists.join(' ').split(' ').filter(Boolean).map(Number);
  const devices = await Promise.all(
    pids.map(async (pid) => {
      const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      return { pid, label: argv.slice(2, -1).join(' ') };
    }),
  );
  // One that has just ended has no command line.
  return devices.filter(({ label }) => label !== '');
}

/** A zombie is gone: nobody may be left that takes its end. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat !== null && !/\) [ZX] /.test(stat);
}

/** Whether all of them end within a few seconds. */
export async function areGone(devices: readonly DeviceProcess[]): Promise<boolean> {
  for (const end = Date.now() + GONE_MS; Date.now() < end;) {
    const running = await Promise.all(devices.map(({ pid }) => isRunning(pid)));
    if (!running.includes(true)) return true;
    await wait(20);
  }
  return false;
}

/** Waits until the log has `text`. */
export async function printed(
  radish: Pick<RadishProcess, 'log'>,
  text: string,
  deadlineMs = 60_000,
): Promise<void> {
  for (const end = Date.now() + deadlineMs; !radish.log().includes(text);) {
    if (Date.now() > end) throw new Error(`«${text}» is not in the log:\n${radish.log()}`);
    await wait(20);
  }
}
