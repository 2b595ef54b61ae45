import { RequestError } from '../../core/errors.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { Generation } from '../../engine/generation.js';
import type { GenerateRequest } from '../../engine/request.js';
import type { HttpReply, HttpRequest } from '../../http/http.js';
import { HttpAnswer } from '../http-answer.js';
import { fieldOf, parseJsonObject, type JsonObject } from '../../http/json.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import type { Handler } from '../../http/router.js';
import { abortAll, settled } from '../../engine/settle.js';
import { parseGenerateRequest, type GenerateContext } from './generate-request.js';
import { GenerateStream } from './generate-stream.js';
import { FROM_START, renderGeneration, type RenderOptions } from './render.js';
import { submitRequest, type SubmitDeps } from '../../engine/submit.js';

export interface GenerateDeps extends SubmitDeps {
  readonly context: GenerateContext;
  readonly weights: ServedWeights;
  /** `--stream-interval` */
  readonly streamInterval: number;
  /** `--incremental-streaming-output` */
  readonly isIncremental: boolean;
}

/** POST and PUT `/generate`: parse, tokenize, submit; then one answer or a stream. */
export function createGenerateHandler(deps: GenerateDeps): Handler {
  return async (request: HttpRequest, reply: HttpReply) => {
    const body = parseJsonObject(await request.readBody());
    const sink = new HttpAnswer(reply);
    try {
      await generate(body, sink, deps);
    } catch (error) {
      if (!isStreamError(body, error)) throw error;
      if (!sink.isClosed) sink.startEvents().send({ error: { message: error.message } }, true);
    }
  };
}

/** From a body to its answer, wherever that goes. @throws RequestError before its acceptance */
export async function generate(
  body: JsonObject,
  sink: AnswerSink,
  deps: GenerateDeps,
): Promise<void> {
  const request = parseGenerateRequest(body, deps.context);
  const generations = await submitRequest(request, deps, {
    get isClosed() {
      return sink.isClosed;
    },
    onSubmitted: (submitted) => {
      sink.onSubmitted(() => {
        abortAll(deps.engine, submitted);
      }, request.background);
    },
  });
  if (generations === null) return;
  if (request.stream) startStream(request, sink, generations, deps);
  else await answerWhole(request, sink, generations, deps);
}

/** SGLang has sent its 200 by the time it looks at the values of a stream's request. */
function isStreamError(body: JsonObject, error: unknown): error is RequestError {
  return (
    error instanceof RequestError &&
    error.code === 'INVALID_REQUEST' &&
    fieldOf(body, 'stream') === true
  );
}

function startStream(
  request: GenerateRequest,
  sink: AnswerSink,
  generations: readonly Generation[],
  deps: GenerateDeps,
): void {
  const intervals = request.entries.flatMap(({ rids, sampling }) =>
    rids.map(() => sampling.streamInterval ?? deps.streamInterval),
  );
  const { isSingle } = request;
  const options = { ...renderOptions(request, deps), isSingle, intervals };
  new GenerateStream(sink.startEvents(), generations, {
    ...options,
    isIncremental: deps.isIncremental,
  });
}

async function answerWhole(
  request: GenerateRequest,
  sink: AnswerSink,
  generations: readonly Generation[],
  deps: GenerateDeps,
): Promise<void> {
  const failure = await settled(generations);
  if (failure !== null) {
    abortAll(deps.engine, generations);
    sink.fail(failure);
    return;
  }
  const options = renderOptions(request, deps);
  const sentTs = Date.now() / 1000;
  const objects = generations.map((one) => renderGeneration(one, options, FROM_START, sentTs));
  sink.answer(request.isSingle ? objects[0] : objects);
}

function renderOptions(request: GenerateRequest, deps: GenerateDeps): RenderOptions {
  return {
    weights: deps.weights,
    logprobTokenizer: request.returnTextInLogprobs ? deps.tokenizer : null,
    returnPromptTokenIds: request.returnPromptTokenIds,
    showDpRank: deps.context.dpSize > 1,
  };
}
