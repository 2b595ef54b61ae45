import { randomUUID } from 'node:crypto';

import { RequestError } from '../../core/errors.js';
import { isAbort } from '../../core/finish-reason.js';
import { greedySampling } from '../../core/sampling-params.js';
import { answer } from '../../engine/answer.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { EmbedRequestInput } from '../../engine/embed-request.js';
import type { Engine } from '../../engine/engine.js';
import type { GenerationInput } from '../../engine/generation.js';
import { EMBED, GENERATE } from '../../engine/request-kinds.js';
import { plainResponse } from '../../http/http.js';
import type { Handler, Route } from '../../http/router.js';

export interface HealthDeps {
  readonly engine: Engine;
  /** The server goes away, or a part of it answers nothing. */
  readonly isUnfit: () => boolean;
  /** False on an embedding server: the probe is a text then. */
  readonly isGeneration: boolean;
  /** Longest that the probe waits for an answer. */
  readonly timeoutMs: number;
}

/** `/health` answers at once; `/health_generate` has a device compute something. */
export function createHealthRoutes(deps: HealthDeps): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: '/health',
      access: 'open',
      handler: (_, reply) => {
        reply.send(plainResponse(deps.isUnfit() ? 503 : 200));
      },
    },
    { methods: ['GET'], path: '/health_generate', access: 'open', handler: healthGenerate(deps) },
  ];
}

function healthGenerate(deps: HealthDeps): Handler {
  return async (_, reply) => {
    const isHealthy = !deps.isUnfit() && (await probe(deps));
    reply.send(plainResponse(isHealthy ? 200 : 503));
  };
}

/** One small request on the common path. A busy server proves itself by any other request's progress. */
async function probe({ engine, isGeneration, timeoutMs }: HealthDeps): Promise<boolean> {
  const outcome = new ProbeOutcome();
  const submitted = isGeneration
    ? answer(
        { kind: GENERATE, rids: [], prepare: () => Promise.resolve([generationProbe()]), ...PROBE },
        outcome,
        engine,
      )
    : answer(
        { kind: EMBED, rids: [], prepare: () => Promise.resolve([textProbe()]), ...PROBE },
        outcome,
        engine,
      );
  submitted.catch((error: unknown) => {
    // A full queue is a busy server, which other requests' progress will prove healthy.
    if (!isQueueFull(error)) outcome.settle(false);
  });
  const stop = engine.outputs.listen(() => {
    outcome.progressed();
  });
  const timer = setTimeout(() => {
    outcome.settle(false);
  }, timeoutMs).unref();
  const isHealthy = await outcome.isHealthy;
  stop();
  clearTimeout(timer);
  outcome.leave();
  return isHealthy;
}

const PROBE = {
  onAccepted: () => undefined,
  survivesClient: false,
  show: { mode: 'whole', render: () => null, isFatal: isAbort },
} as const;

/** A client that wants to know only whether there is an answer. */
class ProbeOutcome implements AnswerSink {
  readonly isHealthy: Promise<boolean>;
  settle: (isHealthy: boolean) => void = () => undefined;
  #isClosed = false;
  #abort = (): void => undefined;

  constructor() {
    this.isHealthy = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  onAbortable(abort: () => void): void {
    this.#abort = abort;
    if (this.#isClosed) abort();
  }

  answer(): void {
    this.settle(true);
  }

  fail(): void {
    this.settle(false);
  }

  /** Some request has news. If it is the probe's own failure, that is heard before this counts. */
  progressed(): void {
    setImmediate(() => {
      this.settle(true);
    });
  }

  startEvents(): never {
    throw new Error('This is a bug: a probe does not stream.');
  }

  /** Whatever is left of the probe is for nobody. */
  leave(): void {
    this.#isClosed = true;
    this.#abort();
  }
}

function isQueueFull(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'QUEUE_FULL';
}

function generationProbe(): GenerationInput {
  return {
    req: {
      rid: probeRid(),
      inputIds: Int32Array.of(0),
      sampling: greedySampling(1),
      logprobs: null,
      hiddenStates: null,
      grammar: null,
      namespace: '',
      tenant: '',
      explainsMiss: false,
      dpRank: null,
      priority: 0,
    },
    text: null,
    ...UNOBSERVED,
  };
}

function textProbe(): EmbedRequestInput {
  const req = { rid: probeRid(), tokens: Int32Array.of(0), tokenTypes: null };
  return { req, ...UNOBSERVED };
}

const UNOBSERVED = { isUnmetered: true, isUnlogged: true };

function probeRid(): string {
  return `HEALTH_CHECK_${randomUUID()}`;
}
