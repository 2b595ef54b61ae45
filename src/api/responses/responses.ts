import type { AnswerSink } from '../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import type { JsonObject } from '../../http/json.js';
import { answerGenerate } from '../answer-generate.js';
import { startBackground } from './background.js';
import { keepEnded } from './keep.js';
import { prepare, type Prepared, type ResponsesDeps } from './prepare.js';
import { ResponsesRenderer } from './render.js';

/** `POST /v1/responses`, wherever its answer goes. @throws RequestError before its acceptance */
export async function createResponse(
  body: JsonObject,
  sink: AnswerSink,
  asker: Asker,
  deps: ResponsesDeps,
): Promise<void> {
  const prepared = await prepare(body, asker, deps);
  if (prepared.request.shown.background) startBackground(prepared, sink, asker, deps);
  else await answerNow(prepared, sink, asker, deps);
}

async function answerNow(
  prepared: Prepared,
  sink: AnswerSink,
  asker: Asker,
  { tokenizer, openAi, store }: ResponsesDeps,
): Promise<void> {
  const { request, ask } = prepared;
  const renderer = new ResponsesRenderer(request, ask, {
    tokenizer: tokenizer(),
    isCancelled: () => false,
    onEnded: (response) => {
      keepEnded(response, { ...prepared, run: null, isKept: request.shown.store }, store);
    },
  });
  await answerGenerate(askedBy(ask.generate, asker), renderer, sink, openAi.generation);
}
