import {
  treeKey,
  type AttachDevice,
  type DeviceId,
  type DeviceLimits,
  type TreeKey,
} from '../messages.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { PostedEmbed } from './embed-queue.js';
import { DeviceStats } from './stats.js';
import { NewTokenRatio } from './new-token-ratio.js';
import { PageLease } from './page-lease.js';
import type { Run } from './run.js';

/** N+1 is planned while N runs. */
export const MAX_STEPS_IN_FLIGHT = 2;

/** What the scheduler must remember of a posted step to read its result. */
export interface PostedStep {
  readonly step: number;
  /** Runs in plan-row order: prefill rows, then decode rows. */
  readonly rows: readonly Run[];
  readonly numPrefillRows: number;
  readonly numPrefillTokens: number;
  /** It has decode rows. */
  readonly sampled: boolean;
}

/** One device generation: its slots, pages, and the requests that run there. */
export class DeviceLink {
  readonly device: DeviceId;
  readonly tree: TreeKey;
  readonly limits: DeviceLimits;
  readonly weightsEpoch: number;
  readonly pages: PageLease;
  readonly newTokenRatio: NewTokenRatio;
  readonly stats = new DeviceStats();
  readonly maxRunning: number;
  readonly freeSlots: number[] = [];
  /** Requests that get rows, in order of admission. */
  readonly runs = new Set<Run>();
  /** Ended runs whose slot is freed by the next step. */
  readonly closing: Run[] = [];
  /** Ended runs that still hold pages or a lock. */
  readonly unsettled = new Set<Run>();
  /** Runs with an insert in flight, by request handle. */
  readonly inserting = new Map<number, Run>();
  /** Posted and not answered, oldest first. */
  readonly steps: PostedStep[] = [];
  /** The same for embedding models. */
  readonly embedSteps: PostedEmbed[] = [];
  nextStep = 0;
  /** A newer generation of this rank took over: only requests that began on its weights; gone when empty. */
  retiring = false;
  /** Some run could not grow at the last planning. */
  starved = false;
  /** The next request to admit lacks pages: only it may lock a match until it is in. */
  scarce = false;

  constructor(attach: Omit<AttachDevice, 'kind' | 'port'>, config: SchedulerConfig) {
    this.device = attach.device;
    this.limits = attach.limits;
    this.weightsEpoch = attach.weightsEpoch;
    this.tree = treeKey(attach.device);
    this.pages = new PageLease(attach.limits.numPages);
    this.newTokenRatio = new NewTokenRatio(config.scheduleConservativeness);
    this.maxRunning = Math.min(attach.limits.numSlots, config.maxRunningRequests);
    for (let slot = attach.limits.numSlots - 1; slot >= 0; slot--) this.freeSlots.push(slot);
  }

  /** Requests that could still start. */
  get numFreeRunning(): number {
    return Math.max(0, this.maxRunning - this.runs.size);
  }

  get canPost(): boolean {
    return this.steps.length < MAX_STEPS_IN_FLIGHT;
  }

  get isEmpty(): boolean {
    const numSteps = this.steps.length + this.embedSteps.length;
    return this.runs.size === 0 && this.unsettled.size === 0 && numSteps === 0;
  }

  pagesFor(numTokens: number): number {
    return Math.ceil(numTokens / this.limits.pageSizeTokens);
  }

  wholePages(numTokens: number): number {
    return Math.floor(numTokens / this.limits.pageSizeTokens);
  }
}
