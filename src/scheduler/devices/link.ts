import {
  treeKey,
  type AttachDevice,
  type DeviceId,
  type DeviceLimits,
  type RefusedInsert,
  type ToDevice,
  type TreeKey,
} from '../../messages.js';
import type { EmbedPlan, StepPlan } from '../../core/batch.js';
import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { Speculation } from '../../core/speculation.js';
import type { PostedEmbed } from '../embed/embed-req.js';
import type { Outbox } from '../outbox.js';
import type { Req } from '../req.js';
import type { SeatHome } from '../seat/home.js';
import type { Seat } from '../seat/seat.js';
import { NewTokenRatio } from './new-token-ratio.js';
import { PageLease } from './page-lease.js';
import { StateLease } from './state-lease.js';
import { DeviceStats } from './stats.js';

/** N+1 is planned while N runs. Steps that join it are not counted. */
export const MAX_STEPS_IN_FLIGHT = 2;

/** Pages kept idle for growth and short prompts, beyond one per running request. */
const RESERVE_PAGES = 32;

/** What the scheduler must remember of a posted step to read its result. */
export interface PostedStep {
  readonly step: number;
  /** Seats in plan-row order: prefill rows, then decode rows, then turns. */
  readonly rows: readonly Seat[];
  readonly numPrefillRows: number;
  readonly numPrefillTokens: number;
  /** Prompt tokens of each prefill row. */
  readonly prefillLens: readonly number[];
  /** Prompt tokens that the slots it opens take from the cache. */
  readonly numCachedTokens: number;
  /** Most rows of each turn. */
  readonly turnRows: readonly number[];
  /** It has decode rows or turns. */
  readonly sampled: boolean;
  /** It begins requests that came while as many steps as may be were in flight: it may run with the step before it. */
  readonly joins: boolean;
}

export type Attach = Omit<AttachDevice, 'port'>;

/** One attached device generation: its slots and pages, who sits there, and the steps it has not answered. */
export class DeviceLink implements SeatHome<Seat> {
  readonly device: DeviceId;
  readonly tree: TreeKey;
  readonly limits: DeviceLimits;
  readonly weightsEpoch: number;
  readonly joinsSteps: boolean;
  readonly sharesPrefixes: boolean;
  readonly speculation: Speculation | null;
  readonly outbox: Outbox;
  readonly pages: PageLease;
  readonly states: StateLease | null;
  readonly newTokenRatio: NewTokenRatio;
  readonly stats = new DeviceStats();
  readonly maxRunning: number;
  readonly freeSlots: number[] = [];
  /** Seats that are serving or retracting, in order of admission. */
  readonly seats = new Set<Seat>();
  /** Seats that are leaving or closed, in the order in which they left. */
  readonly leavers = new Set<Seat>();
  /** Seats whose pages are not all as the device was told: the next step that is posted tells it. */
  readonly remapped = new Set<Seat>();
  /** Posted and not answered, oldest first. */
  readonly steps: PostedStep[] = [];
  #nextStep = 0;
  /** Steps of an embedding model, posted and not answered, oldest first. */
  readonly embedSteps: PostedEmbed[] = [];
  /** A newer generation of this rank took over: only requests that began on its weights; gone when empty. */
  retiring = false;
  /** Some seat could not grow at the last planning. */
  starved = false;
  /** The next request to admit lacks pages: only it may lock a match until it is in. */
  scarce = false;

  constructor(attach: Omit<Attach, 'kind'>, config: SchedulerConfig, outbox: Outbox) {
    this.device = attach.device;
    this.limits = attach.limits;
    this.weightsEpoch = attach.weightsEpoch;
    this.tree = treeKey(attach.device);
    this.joinsSteps = attach.joinsSteps;
    this.sharesPrefixes = !config.disableRadixCache;
    this.speculation = config.speculation;
    this.outbox = outbox;
    this.pages = new PageLease(attach.limits.numPages);
    this.states = stateLease(attach.limits, config);
    this.newTokenRatio = new NewTokenRatio(config.scheduleConservativeness);
    this.maxRunning = Math.min(attach.limits.numSlots, config.maxRunningRequests);
    for (let slot = attach.limits.numSlots - 1; slot >= 0; slot--) this.freeSlots.push(slot);
  }

  /** Requests that could still start. */
  get numFreeRunning(): number {
    return Math.max(0, this.maxRunning - this.seats.size);
  }

  get canPost(): boolean {
    return this.steps.filter(({ joins }) => !joins).length < MAX_STEPS_IN_FLIGHT;
  }

  /** The last step that joins no other, and those that join it. */
  get lastSteps(): readonly PostedStep[] {
    return this.steps.slice(this.steps.findLastIndex(({ joins }) => !joins));
  }

  /** Every slot, page and lock is back. */
  get isVacant(): boolean {
    return this.seats.size === 0 && this.leavers.size === 0;
  }

  get isEmpty(): boolean {
    return this.isVacant && this.steps.length + this.embedSteps.length === 0;
  }

  /** A request that has begun goes on with the weights it began on, also on a device that retires. */
  takes({ input, started }: Req): boolean {
    if (input.dpRank !== null && input.dpRank !== this.device.rank) return false;
    return started === null ? !this.retiring : started.weightsEpoch === this.weightsEpoch;
  }

  /** The seat whose insert for this request is in flight. */
  inserting(num: number): Seat | null {
    for (const seats of [this.seats, this.leavers]) {
      for (const seat of seats) if (seat.req.num === num && seat.isInserting) return seat;
    }
    return null;
  }

  pagesFor(numTokens: number): number {
    return Math.ceil(numTokens / this.limits.pageSizeTokens);
  }

  wholePages(numTokens: number): number {
    return Math.floor(numTokens / this.limits.pageSizeTokens);
  }

  /** Number of the step that is posted next, of either kind. */
  get nextStep(): number {
    return this.#nextStep;
  }

  /** Posts the next step, and remembers what its result will be about. */
  postStep(plan: StepPlan, posted: PostedStep): void {
    this.#nextStep++;
    this.steps.push(posted);
    this.post({ kind: 'step', plan });
  }

  /** Posts the next step of an embedding model. */
  postEmbed(plan: EmbedPlan, posted: PostedEmbed): void {
    this.#nextStep++;
    this.embedSteps.push(posted);
    this.post({ kind: 'embed', plan });
  }

  post(message: ToDevice): void {
    this.outbox.device(this.device, message);
  }

  /** Spares the device rows in flight that nobody wants. */
  cancel(seat: Seat): void {
    const [oldest] = this.steps;
    if (oldest === undefined || !seat.isCancellable(oldest.step)) return;
    this.post({ kind: 'cancel', slot: seat.slot });
  }

  unlock(lock: number): void {
    if (lock === 0) return;
    this.outbox.op({ op: 'unlock', tree: this.tree, lock });
    this.released();
  }

  /** Something was posted that may free pages, and places of states. */
  released(): void {
    this.pages.released();
    this.states?.released();
  }

  /** Pages and a lock that were on their way to the cache actor, which did not want them. */
  takeBack({ pages, lock }: Pick<RefusedInsert, 'pages' | 'lock'>): void {
    this.pages.give(pages);
    this.unlock(lock);
  }

  /**
   * Keeps the reserve of idle pages filled, so that decoding waits for nobody, and gives back what is
   * far beyond it. Of places for states too.
   */
  adjustLease(): void {
    this.#adjustPages();
    if (this.states !== null) this.#adjustStates(this.states);
  }

  #adjustPages(): void {
    const { pages, seats, tree } = this;
    const share = Math.max(1, pages.numPages >> 3);
    const reserve = Math.min(share, seats.size + RESERVE_PAGES);
    const target = Math.max(reserve, this.starved ? seats.size : 0) + pages.numWanted;
    const missing = target - pages.idle.length - pages.numAsked;
    if (missing > 0 && !pages.dry) {
      this.outbox.op({ op: 'lease', tree, numPages: missing });
      pages.asked(missing);
    } else if (-missing > target + Math.min(share, RESERVE_PAGES)) {
      const surplus = pages.take(pages.idle.length - target);
      this.outbox.op({ op: 'return', tree, pages: Int32Array.from(surplus) });
      pages.released();
    }
  }

  #adjustStates(states: StateLease): void {
    const { tree } = this;
    const target = states.reserve(this.seats.size);
    const missing = target - states.idle.length - states.numAsked;
    if (missing > 0 && !states.dry) {
      this.outbox.op({ op: 'leaseStates', tree, numPlaces: missing });
      states.asked(missing);
    } else if (-missing > target) {
      const surplus = states.take(states.idle.length - target);
      this.outbox.op({ op: 'returnStates', tree, places: Int32Array.from(surplus) });
      states.released();
    }
  }
}

/** Null where rows alone are enough, or nothing is shared. */
function stateLease(
  { states, pageSizeTokens }: DeviceLimits,
  { disableRadixCache, deterministic }: SchedulerConfig,
): StateLease | null {
  if (states === undefined || disableRadixCache) return null;
  return new StateLease({ ...states, pageSizeTokens, tracksAnswers: !deterministic });
}
