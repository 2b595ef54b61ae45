import type { AnswerSink } from '../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import type { Fields } from '../../http/fields.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { askerOf } from '../asker.js';
import { answerGenerate } from '../answer-generate.js';
import { answerHttp } from '../http-answer.js';
import type { GenerateDeps } from '../native/generate.js';
import { lastRowsOf } from './hidden-states.js';
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
    // `meta_info` shows all rows.
    const generate = parsed.extras.metaInfo ? parsed.generate : lastRowsOf(parsed.generate);
    const request = { ...parsed, generate: askedBy(generate, asker) };
    await answerGenerate(request.generate, new OpenAiRenderer(request, deps), sink, deps);
  };
}

export function createOpenAiHandler(
  answerBody: AnswerBody,
  fields: Fields,
  dpSize: number,
): Handler {
  return (request, reply) =>
    answerHttp(reply, OPENAI_SPELLING, async (sink) =>
      answerBody(parseJsonObject(await request.readBody(), fields), sink, askerOf(request, dpSize)),
    );
}
