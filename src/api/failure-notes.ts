import type { FailedRequest } from '../http/failure-log.js';

/** Failures that are kept. */
const KEPT_MAX = 32;
/** Characters of a sentence or a name that are kept. */
const KEPT_CHARS = 1024;

/** A failure as it was told, and when. */
export interface NotedFailure extends Pick<FailedRequest, 'status' | 'path' | 'sentence' | 'rid'> {
  /** 0, 1, 2, … since the start. */
  readonly num: number;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** The newest requests that were refused or failed, for whoever looks later. */
export class FailureNotes {
  readonly #nowMs: () => number;
  #newest: NotedFailure[] = [];
  #numRefused = 0;
  #numFailed = 0;

  constructor(nowMs: () => number = () => Date.now()) {
    this.#nowMs = nowMs;
  }

  /** Bound to these notes: it can be handed out. */
  readonly note = ({ status, path, sentence, rid }: FailedRequest): void => {
    const num = this.#numRefused + this.#numFailed;
    const isFailed = status !== null && status >= 500 && status < 1000;
    if (isFailed) this.#numFailed++;
    else this.#numRefused++;
    this.#newest.push({
      num,
      atMs: this.#nowMs(),
      status,
      path: cut(path),
      rid: cut(rid ?? null),
      sentence: sentence.slice(0, KEPT_CHARS),
    });
    if (this.#newest.length > KEPT_MAX) this.#newest.shift();
  };

  /** Refused by a 4xx, by the close code of a socket, or before they were requests. */
  get numRefused(): number {
    return this.#numRefused;
  }

  /** With a 5xx. */
  get numFailed(): number {
    return this.#numFailed;
  }

  /** Oldest first. */
  get newest(): readonly NotedFailure[] {
    return this.#newest;
  }
}

function cut(text: string | null): string | null {
  return text === null ? null : text.slice(0, KEPT_CHARS);
}
