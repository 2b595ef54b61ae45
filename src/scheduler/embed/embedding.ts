import assert from 'node:assert/strict';
import type { EmbedResult, RoutedRows } from '../../core/batch.js';
import { failureReason, type FinishReason } from '../../core/finish-reason.js';
import type { Abort, SubmitEmbed } from '../../messages.js';
import { abortWords, matching, reasonGiven } from '../abort.js';
import { answerSubmission } from '../accept.js';
import { MAX_STEPS_IN_FLIGHT, type DeviceLink } from '../devices/link.js';
import { notePrefill } from '../devices/log-lines.js';
import { isRetried, LiveReqs } from '../live-reqs.js';
import type { SchedulerParts } from '../parts.js';
import { prefillBudget } from '../step/prefill.js';
import { expired } from '../timeouts.js';
import { EmbedQueue } from './embed-queue.js';
import { EmbedReq, type PostedEmbed } from './embed-req.js';

/** SGLang's ending of an embed request: no new tokens were asked for, and none were made. */
const DONE: FinishReason = { type: 'length', length: 0 };
const NOT_FINITE = 'The model gave a vector that is not finite.';

type Parts = Pick<
  SchedulerParts,
  'config' | 'clock' | 'outbox' | 'devices' | 'experts' | 'profiling'
>;

/**
 * Requests of embedding models. The oldest goes next, with those of like length; whole texts, packed under a token budget;
 * two steps in flight per device. Nothing here knows slots, pages or prefixes, and the generate path knows
 * nothing of this; acceptance, endings and time-outs are the same for both.
 */
export class Embedding {
  readonly #parts: Parts;
  readonly #live: LiveReqs<EmbedReq>;
  readonly #queue = new EmbedQueue();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#live = new LiveReqs(parts.outbox);
  }

  /** Accepted and not finished. */
  get live(): LiveReqs<EmbedReq> {
    return this.#live;
  }

  get waiting(): EmbedQueue {
    return this.#queue;
  }

  submit(message: SubmitEmbed, isDraining: boolean): void {
    const { outbox, config, clock } = this.#parts;
    const numWaiting = this.#queue.length;
    // A batch larger than the whole queue is no overload: it waits for nobody but itself.
    const isFull = numWaiting > 0 && numWaiting + message.reqs.length > config.maxQueuedRequests;
    const door = { outbox, live: this.#live, isDraining, isFull, whyNot: () => null };
    if (!answerSubmission(door, message)) return;
    const nowMs = clock.nowMs();
    for (const input of message.reqs) {
      const req = new EmbedReq(input, nowMs);
      this.#live.add(req);
      this.#queue.push(req);
    }
  }

  abortMatching(message: Abort): void {
    const reason = reasonGiven(message);
    for (const req of matching(this.#live, message)) {
      this.#end(req, reason ?? abortWords(this.#queue.has(req)));
    }
  }

  expire(): void {
    for (const [req, reason] of expired(this.#parts, this.#live)) this.#end(req, reason);
  }

  /** Posts steps to the least loaded devices until all have two in flight or nobody waits. */
  schedule(): void {
    while (this.#queue.length > 0) {
      const link = leastLoaded(this.#parts.devices.open);
      if (link === null) return;
      this.#postStep(link);
    }
  }

  receive(link: DeviceLink, result: EmbedResult): void {
    const posted = link.embedSteps.shift();
    assert(posted?.step === result.step, `embed step ${result.step} answers no posted step`);
    if (this.#parts.profiling) this.#tellOfStep(link, posted, result);
    if (result.routing !== null) this.#recordExperts(link, posted, result.routing);
    let end = 0;
    for (const req of posted.reqs) {
      const begin = end;
      end += result.dim * (result.isPerToken ? req.numTokens : 1);
      if (!this.#live.has(req)) continue;
      const values = result.vectors.slice(begin, end);
      if (!values.every(Number.isFinite)) {
        this.#end(req, failureReason('DEVICE_FAILED', NOT_FINITE));
        continue;
      }
      this.#parts.outbox.vector({ num: req.num, values, weightsEpoch: link.weightsEpoch });
      this.#end(req, DONE);
    }
  }

  /** The device is gone: what it had is tried once more, before everybody else. @returns how many */
  retry(link: DeviceLink, why: string): number {
    const retried: EmbedReq[] = [];
    for (const req of this.runningOn(link)) {
      if (isRetried(req)) retried.push(req);
      else this.#end(req, failureReason('DEVICE_FAILED', why));
    }
    this.#queue.pushFront(retried);
    return retried.length;
  }

  /** Texts of the device's steps that somebody still waits for. */
  numRunningOn(link: DeviceLink): number {
    return this.runningOn(link).length;
  }

  /** Those texts. */
  runningOn({ embedSteps }: DeviceLink): EmbedReq[] {
    return embedSteps.flatMap(({ reqs }) => reqs).filter((req) => this.#live.has(req));
  }

  #postStep(link: DeviceLink): void {
    const { config, clock, outbox } = this.#parts;
    const reqs = this.#queue.take(prefillBudget(config, false));
    const step = link.nextStep;
    const numTokens = reqs.reduce((sum, req) => sum + req.numTokens, 0);
    const sequences = reqs.map(({ input: { tokens, tokenTypes } }) => ({ tokens, tokenTypes }));
    const { isOn: recordsExperts } = this.#parts.experts;
    link.postEmbed({ step, sequences, recordsExperts }, { step, reqs, numTokens });
    for (const req of reqs) {
      req.started ??= { queueMs: clock.nowMs() - req.acceptedAtMs, rank: link.device.rank };
    }
    notePrefill(outbox, link, {
      numSeqs: reqs.length,
      numNewTokens: numTokens,
      numCachedTokens: 0,
      numQueued: this.#queue.length,
    });
  }

  #recordExperts({ device }: DeviceLink, { reqs }: PostedEmbed, routing: RoutedRows): void {
    const areLive = reqs.map((req) => this.#live.has(req));
    this.#parts.experts.recordTexts(device.rank, areLive, routing);
  }

  #tellOfStep({ device }: DeviceLink, posted: PostedEmbed, result: EmbedResult): void {
    const { startMs, computeUs: prefillUs } = result;
    this.#parts.outbox.timed({
      device,
      step: posted.step,
      numPrefillTokens: posted.numTokens,
      numDecodeRows: 0,
      numCachedTokens: 0,
      prefills: posted.reqs.map(({ input, numTokens }) => ({ rid: input.rid, numTokens })),
      timing: { startMs, loadUs: 0, prefillUs, decodeUs: 0, lastStoreUs: 0 },
    });
  }

  /** Ends a text at once, waiting or running; what its step computes of it is nobody's. */
  #end(req: EmbedReq, reason: FinishReason): void {
    this.#queue.remove(req);
    this.#live.end(req, reason);
  }
}

function leastLoaded(links: readonly DeviceLink[]): DeviceLink | null {
  let best: { readonly link: DeviceLink; readonly load: number } | null = null;
  for (const link of links) {
    if (link.embedSteps.length >= MAX_STEPS_IN_FLIGHT) continue;
    const load = link.embedSteps.reduce((sum, { numTokens }) => sum + numTokens, 0);
    if (best === null || load < best.load) best = { link, load };
  }
  return best?.link ?? null;
}
