/**
 * The scheduler actor. Synchronous and without ports: each message is handled, then a turn schedules
 * what can run next. The loop of SGLang's scheduler as events: receive, handle, schedule, post; a step's
 * result is a message like any other, and meets the plan of the step after the next.
 */
import type { Clock } from '../core/clock.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { AttachDevice, CacheReplies, DeviceId, FromDevice, ToScheduler } from '../messages.js';
import { treeKey } from '../messages.js';
import { matching, reasonGiven } from './abort.js';
import { submit } from './accept.js';
import { receiveReply } from './cache-replies.js';
import { Devices } from './devices/devices.js';
import {
  attachDevice,
  deviceDown,
  rankDown,
  retire,
  retireDevices,
  retireEmpty,
} from './devices/generations.js';
import type { Attach } from './devices/link.js';
import { StateReads } from './devices/state-reads.js';
import { Embedding } from './embed/embedding.js';
import { ExpertRecording } from './expert-recording.js';
import { abort, endAfterCheck, endAtText } from './leave.js';
import { LiveReqs } from './live-reqs.js';
import { Outbox, type SchedulerPorts } from './outbox.js';
import type { SchedulerParts } from './parts.js';
import { pause } from './pause.js';
import { readRequests } from './read-requests.js';
import { scheduleSteps } from './step/plan.js';
import { processResult } from './step/result.js';
import { expired } from './timeouts.js';
import { prepareCandidates } from './waiting/candidates.js';
import { Waiting } from './waiting/waiting.js';

export interface SchedulerOptions {
  readonly config: SchedulerConfig;
  readonly ports: SchedulerPorts;
  readonly clock: Clock;
}

/** What main sends, without the port of a device: whoever owns the ports keeps it. */
export type FromMain = Exclude<ToScheduler, AttachDevice> | Attach;

export class Scheduler {
  readonly parts: SchedulerParts;
  readonly embedding: Embedding;
  readonly #reads: StateReads;
  /** Flushes that wait until the last requests' pages are back. */
  #flushes: number[] = [];
  #isDraining = false;
  #isDrained = false;

  constructor({ config, clock, ports }: SchedulerOptions) {
    const outbox = new Outbox(ports);
    const devices = new Devices();
    this.parts = {
      config,
      clock,
      outbox,
      live: new LiveReqs(outbox),
      waiting: new Waiting({ config, clock, outbox, devices }),
      devices,
      experts: new ExpertRecording(outbox),
      profiling: false,
      paused: null,
    };
    this.embedding = new Embedding(this.parts);
    this.#reads = new StateReads(this.parts, this.embedding);
  }

  receiveFromMain(message: FromMain): void {
    this.#handle(message);
    this.#turn();
  }

  receiveFromCache(message: CacheReplies): void {
    for (const reply of message.replies) receiveReply(this.parts, this.#reads, reply);
    this.#turn();
  }

  receiveFromDevice(device: DeviceId, message: FromDevice): void {
    const link = this.parts.devices.at(treeKey(device));
    if (link === undefined) return;
    if (message.kind === 'stepDone') processResult(this.parts, link, message.result);
    else this.embedding.receive(link, message.result);
    this.#turn();
  }

  /** To be called now and then when there are time-outs. */
  tick(): void {
    for (const [req, reason] of expired(this.parts, this.parts.live))
      abort(this.parts, req, reason);
    this.embedding.expire();
    this.#turn();
  }

  #turn(): void {
    const { parts } = this;
    this.#flushWhenVacant();
    const isPreparing = this.#flushes.length === 0 && parts.paused === null;
    if (isPreparing) prepareCandidates(parts);
    for (const link of parts.devices) scheduleSteps(parts, link);
    if (parts.paused === null) this.embedding.schedule();
    // Again: steps that were planned let go of requests, or sent some back to wait.
    if (isPreparing) prepareCandidates(parts);
    retireEmpty(parts);
    parts.outbox.flush();
    this.#drainWhenEmpty();
  }

  #handle(message: FromMain): void {
    const { parts, embedding } = this;
    switch (message.kind) {
      case 'submit':
        submit(parts, message, this.#isDraining);
        break;
      case 'submitEmbed':
        embedding.submit(message, this.#isDraining);
        break;
      case 'abort':
        for (const req of matching(parts.live, message)) abort(parts, req, reasonGiven(message));
        embedding.abortMatching(message);
        break;
      case 'stopAt': {
        const req = parts.live.get(message.num);
        if (req !== undefined) endAtText(parts, req, message);
        break;
      }
      case 'textChecked': {
        const req = parts.live.get(message.num);
        if (req !== undefined) endAfterCheck(parts, req);
        break;
      }
      case 'flushCache':
        this.#flush(message.id);
        break;
      case 'recordExperts':
        parts.experts.control(message);
        break;
      case 'readState':
        this.#reads.ask(message.id);
        break;
      case 'readRequests':
        parts.outbox.main(readRequests(parts, embedding, message.id));
        break;
      case 'drain':
        this.#isDraining = true;
        parts.paused = null;
        break;
      case 'pause':
        pause(parts, message.mode);
        break;
      case 'profile':
        parts.profiling = message.isOn;
        break;
      case 'setKnobs':
        parts.config = { ...parts.config, ...message.knobs };
        break;
      case 'continue':
        parts.paused = null;
        break;
      case 'attachDevice':
        attachDevice(parts, message);
        break;
      case 'retireDevices':
        retireDevices(parts);
        break;
      case 'deviceDown':
        deviceDown(parts, message, embedding);
        break;
      case 'rankDown':
        rankDown(parts, message.rank);
        break;
    }
  }

  #flush(id: number): void {
    const { live, outbox, paused, waiting } = this.parts;
    // Requests that a pause sends back to the queue hold no KV when they are there.
    if (live.size === 0 || paused === 'retract') {
      this.#flushes.push(id);
      return;
    }
    const failure =
      'Cache not flushed because there are pending requests. ' +
      `#queue-req: ${waiting.length}, #running-req: ${live.size - waiting.length}`;
    outbox.main({ kind: 'cacheFlushed', id, failure });
  }

  /** KV of requests that just ended must not enter the tree after the flush. */
  #flushWhenVacant(): void {
    const { devices, outbox } = this.parts;
    if (this.#flushes.length === 0 || !devices.areVacant) return;
    for (const id of this.#flushes) outbox.op({ op: 'flush', id });
    this.#flushes = [];
  }

  #drainWhenEmpty(): void {
    const { devices, live, outbox } = this.parts;
    const numLive = live.size + this.embedding.live.size;
    if (!this.#isDraining || this.#isDrained || numLive > 0 || !devices.areVacant) return;
    this.#isDrained = true;
    for (const link of devices) retire(this.parts, link);
    outbox.flush();
    outbox.main({ kind: 'drained' });
  }
}
