import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import type { LogSink } from './log-sink.js';

/** Bytes kept for a reader that is behind; lines beyond it are lost, and counted. */
export const MAX_PENDING_BYTES = 256 * 1024;
/** How often a reader that was behind is tried again. */
const RETRY_MS = 100;
/** Whoever read this is gone: nothing written here is ever seen again. */
const GONE: ReadonlySet<unknown> = new Set(['EPIPE', 'EBADF', 'ECONNRESET', 'ENOTCONN']);

/** @returns how many of the bytes were taken. @throws an error with the system's code */
export type WriteBytes = (bytes: Uint8Array) => number;

/**
 * Where log lines go, such that nothing about it ends or stops the server: a reader that left (`| head`), a
 * full disk (`> /dev/full`), a pipe that nobody empties. What cannot be written now is tried again; what is
 * beyond the bound is counted, and the count is written once there is room.
 */
export class LogOutput implements LogSink {
  readonly isTTY: boolean;
  readonly #columns: () => number;
  readonly #write: WriteBytes;
  #pending: Buffer = Buffer.alloc(0);
  #numLost = 0;
  #isGone = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(write: WriteBytes, isTTY = false, columns: () => number = () => 0) {
    this.#write = write;
    this.isTTY = isTTY;
    this.#columns = columns;
  }

  get columns(): number {
    return this.#columns();
  }

  write(text: string): void {
    if (this.#isGone) return;
    const bytes = Buffer.from(text);
    if (this.#pending.length + bytes.length > MAX_PENDING_BYTES) this.#numLost += 1;
    else this.#pending = Buffer.concat([this.#pending, bytes]);
    this.flush();
  }

  /** Writes what is waiting, as far as it goes. */
  flush(): void {
    try {
      this.#writePending();
      if (this.#numLost > 0) {
        this.#pending = Buffer.from(`(${this.#numLost} log lines could not be written.)\n`);
        this.#numLost = 0;
        this.#writePending();
      }
    } catch (error) {
      this.#isGone = GONE.has((error as NodeJS.ErrnoException).code);
      if (this.#isGone) this.#pending = Buffer.alloc(0);
    }
    this.#schedule();
  }

  #writePending(): void {
    while (this.#pending.length > 0) {
      this.#pending = this.#pending.subarray(this.#write(this.#pending));
    }
  }

  #schedule(): void {
    if (this.#pending.length === 0 || this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.flush();
    }, RETRY_MS).unref();
  }
}

/**
 * This process's standard output. A terminal and a file are written to directly, a pipe without ever waiting.
 * @param isDumb a terminal that cannot draw a line over counts as a file
 */
export function standardOutput(isDumb: boolean): LogOutput {
  const fd = descriptor(1);
  const write: WriteBytes = (bytes) => writeSync(fd, bytes);
  const output = new LogOutput(write, isatty(1) && !isDumb, () => process.stdout.columns);
  process.once('exit', () => {
    output.flush();
  });
  return output;
}

/**
 * What others write to either stream (warnings of the runtime, the command line's answers) may fail too, which
 * ends a process that does not listen.
 */
export function surviveClosedStreams(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/**
 * Calls back once if what is written to a stream is lost though somebody may still want it: a full disk, and not
 * `| head`.
 */
export function onLost(stream: NodeJS.WritableStream, tell: (code: string) => void): void {
  let isTold = false;
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (isTold || GONE.has(code)) return;
    isTold = true;
    tell(code ?? 'unknown error');
  });
}

/** A pipe opened anew never blocks, and whoever else holds it is not changed by that. */
function descriptor(fd: number): number {
  try {
    if (!fstatSync(fd).isFIFO()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}
