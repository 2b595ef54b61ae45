import { RequestError } from '../../core/errors.js';
import type { AbortReason } from '../../core/finish-reason.js';
import type { Engine } from '../engine.js';
import { abortResponse } from '../error-response.js';
import type { Generation } from '../generation.js';
import { jsonResponse, type HttpReply, type HttpRequest } from '../http.js';
import { fieldOf, parseJsonObject, type JsonObject } from '../json.js';
import { SSE_DONE, SSE_HEADERS, sseFrame } from '../sse.js';
import type { Handler } from '../router.js';
import {
  parseGenerateRequest,
  type GenerateContext,
  type GenerateRequest,
} from './generate-request.js';
import { GenerateStream } from './generate-stream.js';
import { prepareInputs, type PrepareDeps } from './prepare.js';
import { FROM_START, renderGeneration, type RenderOptions } from './render.js';

export interface GenerateDeps extends PrepareDeps {
  readonly engine: Engine;
  readonly context: GenerateContext;
  readonly weightVersion: string;
  /** `--stream-interval` */
  readonly streamInterval: number;
  /** `--incremental-streaming-output` */
  readonly isIncremental: boolean;
}

/** POST and PUT `/generate`: parse, tokenize, submit; then one answer or a stream. */
export function createGenerateHandler(deps: GenerateDeps): Handler {
  return async (request: HttpRequest, reply: HttpReply) => {
    const body = parseJsonObject(await request.readBody());
    try {
      await generate(body, reply, deps);
    } catch (error) {
      if (!isStreamError(body, error)) throw error;
      sendStreamError(reply, error.message);
    }
  };
}

async function generate(body: JsonObject, reply: HttpReply, deps: GenerateDeps): Promise<void> {
  const request = parseGenerateRequest(body, deps.context);
  const inputs = await prepareInputs(request, deps);
  if (reply.isClosed) return;
  const generations = await deps.engine.submit(inputs, (submitted) => {
    if (request.background) return;
    reply.onClientLeft(() => {
      abortAll(deps.engine, submitted);
    });
  });
  if (request.stream) startStream(request, reply, generations, deps);
  else await answerWhole(request, reply, generations, deps);
}

/** SGLang has sent its 200 by the time it looks at the values of a stream's request. */
function isStreamError(body: JsonObject, error: unknown): error is RequestError {
  return (
    error instanceof RequestError &&
    error.code === 'INVALID_REQUEST' &&
    fieldOf(body, 'stream') === true
  );
}

function sendStreamError(reply: HttpReply, message: string): void {
  if (reply.isClosed) return;
  const stream = reply.startStream(SSE_HEADERS);
  stream.write(sseFrame({ error: { message } }) + SSE_DONE);
  stream.end();
}

function startStream(
  request: GenerateRequest,
  reply: HttpReply,
  generations: readonly Generation[],
  deps: GenerateDeps,
): void {
  const intervals = request.entries.flatMap(({ rids, sampling }) =>
    rids.map(() => sampling.streamInterval ?? deps.streamInterval),
  );
  const { isSingle } = request;
  const options = { ...renderOptions(request, deps), isSingle, intervals };
  new GenerateStream(reply, generations, { ...options, isIncremental: deps.isIncremental });
}

async function answerWhole(
  request: GenerateRequest,
  reply: HttpReply,
  generations: readonly Generation[],
  deps: GenerateDeps,
): Promise<void> {
  const failure = await settled(generations);
  if (failure !== null) {
    abortAll(deps.engine, generations);
    reply.send(abortResponse(failure));
    return;
  }
  const options = renderOptions(request, deps);
  const sentTs = Date.now() / 1000;
  const objects = generations.map((one) => renderGeneration(one, options, FROM_START, sentTs));
  reply.send(jsonResponse(200, request.isSingle ? objects[0] : objects));
}

function renderOptions(request: GenerateRequest, deps: GenerateDeps): RenderOptions {
  return {
    weightVersion: deps.weightVersion,
    logprobTokenizer: request.returnTextInLogprobs ? deps.tokenizer : null,
    returnPromptTokenIds: request.returnPromptTokenIds,
    showDpRank: deps.context.dpSize > 1,
  };
}

/** Waits for all endings, or for the first one that is a failure. A user's abort is no failure. */
function settled(generations: readonly Generation[]): Promise<AbortReason | null> {
  return new Promise((resolve) => {
    const check = (): void => {
      const failed = generations.map(({ finish }) => finish).find(isFailure);
      if (failed !== undefined) resolve(failed);
      else if (generations.every(({ finish }) => finish !== null)) resolve(null);
    };
    for (const generation of generations) {
      generation.onUpdate = () => {
        if (generation.finish !== null) check();
      };
    }
    check();
  });
}

function isFailure(finish: Generation['finish']): finish is AbortReason {
  return finish?.type === 'abort' && finish.status_code !== null;
}

function abortAll(engine: Engine, generations: readonly Generation[]): void {
  for (const generation of generations) engine.abort(generation);
}
