/** Acceptance: a batch is taken whole or not at all, and main hears which before anything else. */
import type { Failure } from '../core/errors.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { ReqInput, Submit } from '../messages.js';
import { fail } from './leave.js';
import type { LiveReq, LiveReqs } from './live-reqs.js';
import type { Outbox } from './outbox.js';
import type { SchedulerParts } from './parts.js';
import { Req } from './req.js';
import { evictable, importance } from './waiting/priority.js';

const EVICTED = 'The request is aborted by a higher priority request.';

/** A batch of either kind. */
interface Batch<Input> {
  readonly batch: number;
  readonly reqs: readonly Input[];
}

/** What decides about a batch, whatever it asks for. */
export interface Door<Input> {
  readonly outbox: Pick<Outbox, 'main'>;
  readonly live: Pick<LiveReqs<LiveReq>, 'hasRid'>;
  readonly isDraining: boolean;
  readonly isFull: boolean;
  /** What is wrong with one request of the batch; null = nothing. */
  whyNot(input: Input): Failure | null;
}

/** Tells main whether the batch is accepted; true when it is. */
export function answerSubmission<Input extends { readonly rid: string }>(
  door: Door<Input>,
  { batch, reqs }: Batch<Input>,
): boolean {
  const failure = door.isDraining ? SHUTTING_DOWN : whyRefused(door, reqs);
  door.outbox.main({ kind: 'submitted', batch, failure });
  return failure === null;
}

const SHUTTING_DOWN: Failure = {
  code: 'SHUTTING_DOWN',
  message: 'The server is shutting down.',
};

function whyRefused<Input extends { readonly rid: string }>(
  door: Door<Input>,
  reqs: readonly Input[],
): Failure | null {
  const seen = new Set<string>();
  for (const input of reqs) {
    const { rid } = input;
    if (door.live.hasRid(rid) || seen.has(rid)) {
      return { code: 'INVALID_REQUEST', message: `Duplicate request ID detected: ${rid}` };
    }
    seen.add(rid);
    const failure = door.whyNot(input);
    if (failure !== null) return failure;
  }
  return door.isFull ? { code: 'QUEUE_FULL', message: 'The request queue is full.' } : null;
}

type Parts = Pick<SchedulerParts, 'config' | 'clock' | 'outbox' | 'live' | 'waiting' | 'devices'>;

/** Accepts requests for generation. In a full queue they may take the place of less important ones. */
export function submit(parts: Parts, message: Submit, isDraining: boolean): void {
  const { outbox, live, waiting, devices, clock } = parts;
  const excess = numExcess(parts, message.reqs.length);
  const evicted =
    excess > 0 ? evictable(parts, leastImportant(parts.config, message.reqs), excess) : [];
  const door: Door<ReqInput> = {
    outbox,
    live,
    isDraining,
    isFull: evicted.length < excess,
    whyNot: ({ dpRank }) => (dpRank === null ? null : devices.whyNotRank(dpRank)),
  };
  if (!answerSubmission(door, message)) return;
  for (const req of evicted) fail(parts, req, { code: 'QUEUE_FULL', message: EVICTED });
  for (const input of message.reqs) {
    const req = new Req(input, clock.nowMs());
    live.add(req);
    waiting.accept(req);
  }
}

/** By how many requests the queue would be too long: those that a slot is free for do not count. */
function numExcess({ config, waiting, devices }: Parts, numNew: number): number {
  const room = devices.numFreeRunning + config.maxQueuedRequests;
  return Math.max(0, waiting.length + numNew - room);
}

/** The lowest priority among those that want in. */
function leastImportant(config: SchedulerConfig, reqs: readonly ReqInput[]): number {
  return Math.min(...reqs.map(({ priority }) => importance(config, priority)));
}
