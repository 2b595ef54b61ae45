import { randomUUID } from 'node:crypto';

import { RequestError } from '../../core/errors.js';
import { greedySampling } from '../../core/sampling-params.js';
import type { Engine } from '../engine.js';
import type { Generation, GenerationInput } from '../generation.js';
import { plainResponse } from '../http.js';
import type { Handler, Route } from '../router.js';

/** SGLang's `SGLANG_HEALTH_CHECK_TIMEOUT`. */
const PROBE_TIMEOUT_MS = 20_000;

export interface HealthDeps {
  readonly engine: Engine;
  readonly isDraining: () => boolean;
  /** False on an embedding server: the probe is a text then. */
  readonly isGeneration: boolean;
  readonly timeoutMs?: number;
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

function healthGenerate({ engine, isDraining, isGeneration, timeoutMs }: HealthDeps): Handler {
  const ask = isGeneration ? probe : probeEmbedding;
  return async (_, reply) => {
    const isHealthy = !isDraining() && (await ask(engine, timeoutMs ?? PROBE_TIMEOUT_MS));
    reply.send(plainResponse(isHealthy ? 200 : 503));
  };
}

/** A busy server proves itself by any other request's progress. */
async function probe(engine: Engine, timeoutMs: number): Promise<boolean> {
  let generations: readonly Generation[] = [];
  const submission = engine.submit([probeInput()], (submitted) => {
    generations = submitted;
  });
  const submitted = submission.then(
    () => new Promise<never>(() => undefined),
    // A full queue is a busy server, which other requests' progress will prove healthy.
    (error: unknown) => (isQueueFull(error) ? new Promise<never>(() => undefined) : false),
  );
  const isHealthy = await Promise.race([
    engine.nextOutput().then(() => generations.every((one) => one.finish?.type !== 'abort')),
    submitted,
    timeout(timeoutMs),
  ]);
  for (const generation of generations) engine.abort(generation);
  return isHealthy;
}

async function probeEmbedding(engine: Engine, timeoutMs: number): Promise<boolean> {
  let abort = (): void => undefined;
  const text = { rid: probeRid(), tokens: Int32Array.of(0), tokenTypes: null };
  const answered = engine
    .embed([text], (abortProbe) => {
      abort = abortProbe;
    })
    .then(
      () => true,
      (error: unknown) => (isQueueFull(error) ? new Promise<never>(() => undefined) : false),
    );
  const progress = engine.nextOutput().then(() => true);
  const isHealthy = await Promise.race([answered, progress, timeout(timeoutMs)]);
  abort();
  return isHealthy;
}

function probeRid(): string {
  return `HEALTH_CHECK_${randomUUID()}`;
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

function probeInput(): GenerationInput {
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
    isUnmetered: true,
    isUnlogged: true,
  };
}
