import { isFailure } from '../../core/finish-reason.js';
import { answer } from '../../engine/answer.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import { askGenerate, streamIntervals, type GenerateAsk } from '../../engine/ask.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { askerOf } from '../asker.js';
import { answerHttp } from '../http-answer.js';
import type { GenerateDeps } from '../native/generate.js';
import { OpenAiRenderer } from './render.js';
import type { OpenAiRequest } from './request.js';
import { OPENAI_SPELLING } from './spelling.js';

export interface AnswerDeps extends GenerateDeps {
  /** `--enable-cache-report` */
  readonly cacheReport: boolean;
}

export type ParseOpenAi = (body: JsonObject) => OpenAiRequest | Promise<OpenAiRequest>;

/** From a body to its answer, wherever that goes. @throws RequestError before its acceptance */
export type AnswerBody = (body: JsonObject, sink: AnswerSink, asker: Asker) => Promise<void>;

export function openAiAnswerer(parse: ParseOpenAi, deps: AnswerDeps): AnswerBody {
  return async (body, sink, asker) => {
    const parsed = await parse(body);
    const request = { ...parsed, generate: askedBy(parsed.generate, asker) };
    const ask = askGenerate(request.generate, deps, showOf(request, deps));
    await answer(ask, sink, deps.engine);
  };
}

export function createOpenAiHandler(answerBody: AnswerBody, dpSize: number): Handler {
  return (request, reply) =>
    answerHttp(reply, OPENAI_SPELLING, async (sink) =>
      answerBody(parseJsonObject(await request.readBody()), sink, askerOf(request, dpSize)),
    );
}

/** A stream whose status waits for its first token, or one answer. */
function showOf(request: OpenAiRequest, deps: AnswerDeps): GenerateAsk['show'] {
  const renderer = new OpenAiRenderer(request, deps);
  if (request.generate.stream) {
    const intervals = streamIntervals(request.generate, deps);
    return { mode: 'stream', renderer, intervals, opensAt: 'firstToken' };
  }
  return { mode: 'whole', render: (samples) => renderer.whole(samples), isFatal: isFailure };
}
