import { readdirSync, readFileSync } from 'node:fs';

import { StartupError } from '../core/errors.js';
import type { Logger } from '../observability/logger.js';

/** What the threads, the model's files and the first clients take. */
const MIN_FILES = 256;
/** Kept free of connections, for files that the server opens itself. */
const RESERVED_FILES = 64;
/** With so few left no connection is accepted. */
export const FREE_FILES_MIN = RESERVED_FILES / 2;
const CHECK_MS = 250;

/** Files and sockets that this process may open together; null where the system does not say. */
export function fileLimit(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
    return soft === undefined || soft === 'unlimited' ? null : Number(soft);
  } catch {
    return null;
  }
}

/** @throws StartupError where the server could not even load its model */
export function checkFileLimit(limit: number | null): void {
  if (limit === null || limit >= MIN_FILES) return;
  throw new StartupError(
    `This process may open ${limit} files and connections together, and needs at least ${MIN_FILES}: raise ulimit -n.`,
  );
}

export interface FileGuardOptions {
  readonly limit: number;
  readonly numOpen: () => number;
  readonly server: { setAccepting(isAccepting: boolean): void };
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * A connection that cannot be accepted for want of a file stays in the queue, and the loop that accepts would turn
 * without end: new connections are refused until others have ended.
 */
export class FileGuard {
  readonly #options: FileGuardOptions;
  #isAccepting = true;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: FileGuardOptions) {
    this.#options = options;
  }

  /** Looks again and again until it is stopped. */
  start(): void {
    this.#timer = setInterval(() => {
      this.check();
    }, CHECK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  check(): void {
    const { limit, numOpen, server, log } = this.#options;
    const numFree = limit - numOpen();
    const isAccepting = this.#isAccepting ? numFree > FREE_FILES_MIN : numFree > RESERVED_FILES;
    if (isAccepting === this.#isAccepting) return;
    this.#isAccepting = isAccepting;
    if (!isAccepting)
      log.warn(`Refusing connections: ${limit} files and connections are open (ulimit -n).`);
    server.setAccepting(isAccepting);
  }
}

export function numOpenFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    // There is no file left to look with.
    return Infinity;
  }
}
