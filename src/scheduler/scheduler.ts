/**
 * The scheduler actor. Synchronous and without ports: each message is handled, then a turn schedules
 * what can run next. The loop of SGLang's scheduler as events: receive, handle, schedule, post; a step's
 * result is a message like any other, and meets the plan of the step after the next.
 */
import type { CacheReplies, DeviceId, FromDevice, ToScheduler, AttachDevice } from '../messages.js';
import { treeKey } from '../messages.js';
import type { Clock } from '../core/clock.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import { receiveReply } from './cache-replies.js';
import { prepareCandidates } from './candidates.js';
import { abortEmbeds, processEmbed, scheduleEmbeds, submitEmbed } from './embed.js';
import { EmbedQueue } from './embed-queue.js';
import { endAfterCheck, endAtText } from './ending.js';
import { controlExperts } from './expert-routing.js';
import {
  attachDevice,
  deviceDown,
  rankDown,
  retire,
  retireDevices,
  retireEmpty,
  type Attach,
} from './generations.js';
import { Outbox, type SchedulerLinks } from './outbox.js';
import { pause } from './pause.js';
import { scheduleLink } from './plan-step.js';
import { policyOf } from './policy.js';
import { byPriority } from './priority.js';
import { processResult } from './process-result.js';
import { numRunning, type SchedulerState } from './state.js';
import { StateReads } from './state-reads.js';
import { abortMatching, submit } from './submission.js';
import { expire } from './timeouts.js';
import { WaitingQueue } from './waiting-queue.js';

export interface SchedulerOptions {
  readonly config: SchedulerConfig;
  readonly links: SchedulerLinks;
  readonly clock: Clock;
}

/** What main sends, without the port of a device: whoever owns the ports keeps it. */
export type FromMain = Exclude<ToScheduler, AttachDevice> | Attach;

export class Scheduler {
  readonly state: SchedulerState;
  private readonly reads = new StateReads();
  /** Flushes that wait until the last requests' pages are back. */
  private flushes: number[] = [];
  private draining = false;
  private drained = false;

  constructor(options: SchedulerOptions) {
    const { config, clock, links } = options;
    const policy = policyOf(config);
    const queue = new WaitingQueue(config.priority === null ? policy : byPriority(policy, config));
    this.state = {
      config,
      clock,
      queue,
      outbox: new Outbox(links),
      live: new Map(),
      rids: new Map(),
      embeds: new EmbedQueue(),
      links: new Map(),
      ranks: new Set(),
      downRanks: new Set(),
      recordsExperts: false,
      profiling: false,
      paused: null,
    };
  }

  receiveFromMain(message: FromMain): void {
    this.handle(message);
    this.turn();
  }

  receiveFromCache(message: CacheReplies): void {
    for (const reply of message.replies) receiveReply(this.state, this.reads, reply);
    this.turn();
  }

  receiveFromDevice(device: DeviceId, message: FromDevice): void {
    const link = this.state.links.get(treeKey(device));
    if (link === undefined) return;
    if (message.kind === 'stepDone') processResult(this.state, link, message.result);
    else processEmbed(this.state, link, message.result);
    this.turn();
  }

  /** To be called now and then when there are time-outs. */
  tick(): void {
    expire(this.state);
    this.turn();
  }

  private turn(): void {
    const { state } = this;
    this.flushWhenSettled();
    const preparing = this.flushes.length === 0 && state.paused === null;
    if (preparing) prepareCandidates(state);
    for (const link of state.links.values()) scheduleLink(state, link);
    if (state.paused === null) scheduleEmbeds(state);
    if (preparing) prepareCandidates(state);
    retireEmpty(state);
    state.outbox.flush();
    this.drainWhenEmpty();
  }

  private handle(message: FromMain): void {
    const { state } = this;
    switch (message.kind) {
      case 'submit':
        submit(state, message, this.draining);
        break;
      case 'submitEmbed':
        submitEmbed(state, message, this.draining);
        break;
      case 'abort':
        abortMatching(state, message);
        abortEmbeds(state, message);
        break;
      case 'stopAt': {
        const req = state.live.get(message.num);
        if (req !== undefined) endAtText(state, req, message);
        break;
      }
      case 'textChecked': {
        const req = state.live.get(message.num);
        if (req !== undefined) endAfterCheck(state, req);
        break;
      }
      case 'flushCache':
        this.flush(message.id);
        break;
      case 'recordExperts':
        controlExperts(state, message);
        break;
      case 'readState':
        this.reads.ask(state, message.id);
        break;
      case 'drain':
        this.draining = true;
        state.paused = null;
        break;
      case 'pause':
        pause(state, message.mode);
        break;
      case 'profile':
        state.profiling = message.isOn;
        break;
      case 'setKnobs':
        state.config = { ...state.config, ...message.knobs };
        break;
      case 'continue':
        state.paused = null;
        break;
      case 'attachDevice':
        attachDevice(state, message);
        break;
      case 'retireDevices':
        retireDevices(state);
        break;
      case 'deviceDown':
        deviceDown(state, message);
        break;
      case 'rankDown':
        rankDown(state, message.rank);
        break;
    }
  }

  private flush(id: number): void {
    const { state } = this;
    // Requests that a pause sends back to the queue hold no KV when they are there.
    if (state.live.size === 0 || state.paused === 'retract') {
      this.flushes.push(id);
      return;
    }
    const failure =
      'Cache not flushed because there are pending requests. ' +
      `#queue-req: ${state.queue.length}, #running-req: ${numRunning(state)}`;
    state.outbox.main({ kind: 'cacheFlushed', id, failure });
  }

  /** KV of requests that just ended must not enter the tree after the flush. */
  private flushWhenSettled(): void {
    if (this.flushes.length === 0 || !this.isSettled()) return;
    for (const id of this.flushes) this.state.outbox.op({ op: 'flush', id });
    this.flushes = [];
  }

  private isSettled(): boolean {
    return [...this.state.links.values()].every(
      ({ runs, unsettled }) => runs.size === 0 && unsettled.size === 0,
    );
  }

  private drainWhenEmpty(): void {
    const { state } = this;
    const numLive = state.live.size + state.embeds.live.size;
    if (!this.draining || this.drained || numLive > 0 || !this.isSettled()) return;
    this.drained = true;
    for (const link of [...state.links.values()]) retire(state, link);
    state.outbox.flush();
    state.outbox.main({ kind: 'drained' });
  }
}
