import type { LogLevel } from '../core/log-level.js';
import type { FailedRequest } from '../http/failure-log.js';
import type { LogFields } from '../observability/log-sink.js';
import type { Logger } from '../observability/logger.js';

/** Bytes of such lines that may come at once, */
export const MAX_BURST_BYTES = 256 * 1024;
/** and in each second after that: a day of nothing else is 675 MiB. */
export const MAX_BYTES_PER_S = 8 * 1024;
/** How often the log says how many lines it left out. */
const SUMMARY_MS = 10_000;
/** Characters of what clients have a part in. */
const MAX_NAME_CHARS = 256;
const MAX_SENTENCE_CHARS = 1024;

/** Full, going away, not yet there, or without a device: it says so, and passes. */
const PASSING: ReadonlySet<number> = new Set([501, 503]);

export interface FailureLinesOptions {
  readonly log: Pick<Logger, 'log'>;
  readonly nowMs: () => number;
}

/** What makes lines of a log of what it is told: one of them for all of a server, which share its bound. */
export function failureLines(log: Pick<Logger, 'log'>): (request: FailedRequest) => void {
  return new FailureLines({ log, nowMs: () => performance.now() }).note;
}

/** A line of the log for each request that was refused or failed, such that a flood of them fills no disk. */
export class FailureLines {
  readonly #options: FailureLinesOptions;
  #allowedBytes = MAX_BURST_BYTES;
  #lastMs: number;
  #numLeftOut = 0;

  constructor(options: FailureLinesOptions) {
    this.#options = options;
    this.#lastMs = options.nowMs();
  }

  /** Bound to these lines: it can be handed out. */
  readonly note = (request: FailedRequest): void => {
    const message = lineOf(request);
    if (this.#take(Buffer.byteLength(message))) {
      this.#options.log.log(levelOf(request), message, fieldsOf(request));
      return;
    }
    this.#numLeftOut++;
    if (this.#numLeftOut === 1)
      setTimeout(() => {
        this.#summarize();
      }, SUMMARY_MS).unref();
  };

  #take(numBytes: number): boolean {
    const nowMs = this.#options.nowMs();
    const regained = (MAX_BYTES_PER_S * (nowMs - this.#lastMs)) / 1000;
    this.#allowedBytes = Math.min(MAX_BURST_BYTES, this.#allowedBytes + regained);
    this.#lastMs = nowMs;
    if (this.#allowedBytes < numBytes) return false;
    this.#allowedBytes -= numBytes;
    return true;
  }

  #summarize(): void {
    const message = `${this.#numLeftOut} more requests were refused or failed; their lines are left out.`;
    this.#numLeftOut = 0;
    this.#options.log.log('warn', message);
  }
}

function levelOf({ status }: FailedRequest): LogLevel {
  // Close codes of WebSockets begin at 1000.
  if (status === null || status < 500 || status >= 1000) return 'info';
  return PASSING.has(status) ? 'warn' : 'error';
}

function lineOf(request: FailedRequest): string {
  const { status, method, id, rid = null, sentence } = request;
  const words = [status, method, pathOf(request), id].map((word) => word ?? '-');
  const named = rid === null ? words : [...words, `rid=${cut(rid, MAX_NAME_CHARS)}`];
  return `${named.join(' ')}: ${cut(sentence, MAX_SENTENCE_CHARS)}`;
}

function fieldsOf(request: FailedRequest): LogFields {
  const { status, method, id, rid = null } = request;
  const fields = { status, method, path: pathOf(request), id, rid };
  const known = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(known) as LogFields;
}

function pathOf({ path }: FailedRequest): string | null {
  return path === null ? null : cut(path, MAX_NAME_CHARS);
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}
