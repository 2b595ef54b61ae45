import { randomUUID } from 'node:crypto';

import { RequestError } from '../../core/errors.js';
import { greedySampling } from '../../core/sampling-params.js';
import type { Engine } from '../../engine/engine.js';
import type { EmbedRequestInput } from '../../engine/embed-request.js';
import type { GenerationInput } from '../../engine/generation.js';
import { plainResponse } from '../../http/http.js';
import type { LiveRequest } from '../../engine/live-request.js';
import type { Handler, Route } from '../../http/router.js';
import { abortAll } from '../../engine/settle.js';

export interface HealthDeps {
  readonly engine: Engine;
  readonly isDraining: () => boolean;
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
      handler: (_, reply) => {
        reply.send(plainResponse(deps.isDraining() ? 503 : 200));
      },
    },
    { methods: ['GET'], path: '/health_generate', handler: healthGenerate(deps) },
  ];
}

function healthGenerate(deps: HealthDeps): Handler {
  return async (_, reply) => {
    const isHealthy = !deps.isDraining() && (await probe(deps));
    reply.send(plainResponse(isHealthy ? 200 : 503));
  };
}

/** A busy server proves itself by any other request's progress. */
async function probe({ engine, isGeneration, timeoutMs }: HealthDeps): Promise<boolean> {
  let requests: readonly LiveRequest[] = [];
  const keep = (submitted: readonly LiveRequest[]): void => {
    requests = submitted;
  };
  const submission: Promise<unknown> = isGeneration
    ? engine.submit([generationProbe()], keep)
    : engine.embed([textProbe()], keep);
  const submitted = submission.then(
    () => new Promise<never>(() => undefined),
    // A full queue is a busy server, which other requests' progress will prove healthy.
    (error: unknown) => (isQueueFull(error) ? new Promise<never>(() => undefined) : false),
  );
  const isHealthy = await Promise.race([
    engine.nextOutput().then(() => requests.every((one) => one.finish?.type !== 'abort')),
    submitted,
    timeout(timeoutMs),
  ]);
  abortAll(engine, requests);
  return isHealthy;
}

function isQueueFull(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'QUEUE_FULL';
}

function timeout(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => {
      resolve(false);
    }, ms).unref();
  });
}

function generationProbe(): GenerationInput {
  return {
    req: {
      rid: probeRid(),
      inputIds: Int32Array.of(0),
      sampling: greedySampling(1),
      logprobs: null,
      namespace: '',
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
