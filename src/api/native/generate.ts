import { isRefusal, RequestError } from '../../core/errors.js';
import { isFailure } from '../../core/finish-reason.js';
import { answer } from '../../engine/answer.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import {
  askGenerate,
  streamIntervals,
  type GenerateAsk,
  type GenerateServices,
} from '../../engine/ask.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import type { Engine } from '../../engine/engine.js';
import type { GenerateRequest } from '../../engine/request.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import type { HttpReply, HttpRequest } from '../../http/http.js';
import { fieldOf, parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { askerOf } from '../asker.js';
import { HttpAnswer } from '../http-answer.js';
import { GENERATE_FIELDS } from './generate-fields.js';
import { parseGenerateRequest, type GenerateContext } from './generate-request.js';
import { NativeRenderer, type RenderOptions } from './render.js';
import { NATIVE_SPELLING } from './spelling.js';

/** What every route that generates needs of the server, whatever its dialect. */
export interface GenerateDeps extends GenerateServices {
  readonly engine: Engine;
  readonly context: GenerateContext;
  readonly weights: ServedWeights;
  /** `--incremental-streaming-output` */
  readonly isIncremental: boolean;
}

/** POST and PUT `/generate`. */
export function createGenerateHandler(deps: GenerateDeps): Handler {
  return async (request: HttpRequest, reply: HttpReply) => {
    const body = parseJsonObject(await request.readBody(), GENERATE_FIELDS);
    const sink = new HttpAnswer(reply, NATIVE_SPELLING);
    try {
      await generate(body, sink, deps, askerOf(request, null));
    } catch (error) {
      if (!isStreamError(body, error)) throw error;
      if (!sink.isClosed) sink.startEvents().fail(error);
    }
  };
}

/** From a body to its answer, wherever that goes. @throws RequestError before its acceptance */
export async function generate(
  body: JsonObject,
  sink: AnswerSink,
  deps: GenerateDeps,
  asker: Asker,
): Promise<void> {
  const request = askedBy(parseGenerateRequest(body, deps.context), asker);
  await answer(askGenerate(request, deps, showOf(request, deps)), sink, deps.engine);
}

/** SGLang has sent its 200 by the time it looks at the values of a stream's request. */
function isStreamError(body: JsonObject, error: unknown): error is RequestError {
  return error instanceof RequestError && isRefusal(error.code) && fieldOf(body, 'stream') === true;
}

function showOf(request: GenerateRequest, deps: GenerateDeps): GenerateAsk['show'] {
  const renderer = new NativeRenderer(renderOptions(request, deps));
  if (request.stream) {
    const intervals = streamIntervals(request, deps);
    return { mode: 'stream', renderer, intervals, opensAt: 'acceptance' };
  }
  return {
    mode: 'whole',
    render: (generations) => renderer.whole(generations),
    isFatal: isFailure,
  };
}

function renderOptions(request: GenerateRequest, deps: GenerateDeps): RenderOptions {
  return {
    isSingle: request.isSingle,
    isIncremental: deps.isIncremental,
    weights: deps.weights,
    tokenizer: deps.tokenizer,
    logprobTokenizer: request.returnTextInLogprobs ? deps.tokenizer : null,
    returnPromptTokenIds: request.returnPromptTokenIds,
    showDpRank: deps.context.dpSize > 1,
  };
}
