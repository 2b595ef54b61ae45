import assert from 'node:assert/strict';
import type { FinishReason } from '../core/finish-reason.js';
import type { ReqStats } from '../messages.js';
import type { Outbox } from './outbox.js';

/** A request whose device died this many times is given up. */
const DEVICE_DEATHS_MAX = 2;

/** What generation and embedding requests have in common. */
export interface LiveReq {
  readonly num: number;
  readonly input: { readonly rid: string };
  readonly acceptedAtMs: number;
  /** Null until a device first computes something of it. */
  readonly started: { readonly queueMs: number } | null;
  numDeviceDeaths: number;
  stats(): ReqStats;
}

/** Requests of one kind that are accepted and not finished. Each leaves with exactly one ending. */
export class LiveReqs<R extends LiveReq> {
  readonly #outbox: Pick<Outbox, 'finish'>;
  readonly #byNum = new Map<number, R>();
  readonly #rids = new Set<string>();

  constructor(outbox: Pick<Outbox, 'finish'>) {
    this.#outbox = outbox;
  }

  get size(): number {
    return this.#byNum.size;
  }

  get numRids(): number {
    return this.#rids.size;
  }

  get(num: number): R | undefined {
    return this.#byNum.get(num);
  }

  has(req: R): boolean {
    return this.#byNum.get(req.num) === req;
  }

  hasRid(rid: string): boolean {
    return this.#rids.has(rid);
  }

  [Symbol.iterator](): Iterator<R> {
    return this.#byNum.values();
  }

  add(req: R): void {
    this.#byNum.set(req.num, req);
    this.#rids.add(req.input.rid);
  }

  /** The one ending of a request. Its slot and pages may go a little later. */
  end(req: R, reason: FinishReason): void {
    assert(this.has(req), 'a request ended twice');
    this.#byNum.delete(req.num);
    this.#rids.delete(req.input.rid);
    this.#outbox.finish({ num: req.num, reason, stats: req.stats() });
  }
}

/** Counts the death of a request's device; false when it is not tried on another one. */
export function isRetried(req: LiveReq): boolean {
  return ++req.numDeviceDeaths < DEVICE_DEATHS_MAX;
}
