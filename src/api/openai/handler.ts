import { RequestError } from '../../core/errors.js';
import type { AbortReason } from '../../core/finish-reason.js';
import type { Generation } from '../../engine/generation.js';
import { HttpAnswer } from '../http-answer.js';
import { jsonResponse, type HttpReply } from '../../http/http.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import { submitRequest, type SubmitDeps } from '../../engine/submit.js';
import type { Handler } from '../../http/router.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import { abortAll, isFailure, settled } from '../../engine/settle.js';
import { openAiAbort, openAiError } from './error-response.js';
import type { OpenAiRequest } from './request.js';
import { OpenAiStream } from './stream.js';
import { usageOf, type Usage } from './usage.js';

export interface AnswerDeps extends SubmitDeps {
  readonly weights: ServedWeights;
  /** `--stream-interval` */
  readonly streamInterval: number;
  /** `--enable-cache-report` */
  readonly cacheReport: boolean;
}

/** Parse, tokenize, submit; then one answer or a stream, whose status waits for its first token. */
export function createOpenAiHandler(
  parse: (body: JsonObject) => OpenAiRequest | Promise<OpenAiRequest>,
  deps: AnswerDeps,
): Handler {
  return async (httpRequest, reply) => {
    try {
      const request = await parse(parseJsonObject(await httpRequest.readBody()));
      await answer(request, reply, deps);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      reply.send(openAiError(error));
    }
  };
}

async function answer(request: OpenAiRequest, reply: HttpReply, deps: AnswerDeps): Promise<void> {
  const generations = await submitRequest(request.generate, deps, {
    get isClosed() {
      return reply.isClosed;
    },
    onSubmitted: (submitted) => {
      reply.onClientLeft(() => {
        abortAll(deps.engine, submitted);
      });
    },
  });
  if (generations === null) return;
  const isStream = request.generate.stream;
  const failure = await (isStream ? started(generations) : settled(generations));
  if (failure !== null) {
    abortAll(deps.engine, generations);
    reply.send(openAiAbort(failure));
  } else {
    (isStream ? sendStream : sendWhole)(request, generations, { reply, deps });
  }
}

interface Outlet {
  readonly reply: HttpReply;
  readonly deps: AnswerDeps;
}

function sendWhole(
  request: OpenAiRequest,
  generations: readonly Generation[],
  { reply, deps }: Outlet,
): void {
  const { renderer } = request;
  const body = {
    ...envelopeOf(request, generations, renderer.object),
    choices: generations.map((one, index) => renderer.whole(one, index)),
    usage: usageFor(request, deps)(generations),
    metadata: { weight_version: deps.weights.versionOf(generations[0]?.weightsEpoch ?? null) },
  };
  reply.send(jsonResponse(200, body));
}

function sendStream(
  request: OpenAiRequest,
  generations: readonly Generation[],
  { reply, deps }: Outlet,
): void {
  const { renderer, includeUsage, continuousUsage } = request;
  new OpenAiStream(new HttpAnswer(reply).startEvents(), generations, {
    ...{ renderer, includeUsage, continuousUsage },
    envelope: envelopeOf(request, generations, renderer.chunkObject),
    interval: deps.streamInterval,
    usageOf: usageFor(request, deps),
    onFailure: () => {
      abortAll(deps.engine, generations);
    },
  });
}

function usageFor(
  { generate }: OpenAiRequest,
  { cacheReport }: AnswerDeps,
): (generations: readonly Generation[]) => Usage {
  const n = generate.entries[0]?.rids.length ?? 1;
  return (generations) => usageOf(generations, { n, cacheReport });
}

function envelopeOf(
  { model }: OpenAiRequest,
  generations: readonly Generation[],
  object: string,
): Readonly<Record<string, unknown>> {
  const created = Math.floor(Date.now() / 1000);
  return { id: generations[0]?.rid ?? '', object, created, model };
}

/** Waits for the first token or ending of any sample: until then a failure is still an HTTP status. */
function started(generations: readonly Generation[]): Promise<AbortReason | null> {
  return new Promise((resolve) => {
    const check = (): void => {
      const failed = generations.map(({ finish }) => finish).find(isFailure);
      if (failed !== undefined) resolve(failed);
      else if (generations.some(hasNews)) resolve(null);
    };
    for (const generation of generations) generation.onUpdate = check;
    check();
  });
}

function hasNews({ outputIds, finish }: Generation): boolean {
  return outputIds.length > 0 || finish !== null;
}
