import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from 'node:fs';

/** Whether this process may use a file that it would read and write. */
export type Access = 'open' | 'denied' | 'missing';

/** What is asked of the operating system; nothing here throws. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
  /** Names within a folder, sorted as people count (`card2` before `card10`); none where it cannot be read. */
  readonly list: (folder: string) => readonly string[];
  /** A file's text without the space around it; null where it cannot be read. */
  readonly read: (path: string) => string | null;
  /** Where a path leads when all links are followed; null = nowhere. */
  readonly realPath: (path: string) => string | null;
  readonly exists: (path: string) => boolean;
  readonly access: (path: string) => Access;
  /** What a program prints to stdout; null where it is not there, fails or takes too long. */
  readonly run: (program: string, args: readonly string[]) => Promise<string | null>;
}

/** A driver that hangs keeps its tools waiting for ever. */
const RUN_MAX_MS = 5000;

const byNumber = new Intl.Collator('en', { numeric: true });

/** The machine that this process runs on. */
export const THIS_HOST: Host = {
  platform: process.platform,
  arch: process.arch,
  list: (folder) => orNull(() => readdirSync(folder).sort(byNumber.compare)) ?? [],
  read: (path) => orNull(() => readFileSync(path, 'utf8').trim()),
  realPath: (path) => orNull(() => realpathSync(path)),
  exists: existsSync,
  access: (path) => {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
      return 'open';
    } catch {
      return existsSync(path) ? 'denied' : 'missing';
    }
  },
  run: (program, args) =>
    new Promise((resolve) => {
      const options = { timeout: RUN_MAX_MS, killSignal: 'SIGKILL', windowsHide: true } as const;
      execFile(program, args, options, (error, stdout) => {
        resolve(error === null ? stdout : null);
      });
    }),
};

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
