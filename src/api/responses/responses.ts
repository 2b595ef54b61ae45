import type { AnswerSink } from '../../engine/answer-sink.js';
import { askedBy, type Asker } from '../../engine/asker.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { answerGenerate } from '../answer-generate.js';
import { startBackground } from './background.js';
import { refuseParam } from './errors.js';
import { followEvents } from './follow.js';
import { keepEnded } from './keep.js';
import { prepare, type Prepared, type ResponsesDeps } from './prepare.js';
import { ResponsesRenderer } from './render.js';
import { replayOf } from './replay.js';
import { IN_PROGRESS, responseObject, type ResponseObject } from './response.js';
import type { SocketMemory } from './socket-memory.js';

/** `POST /v1/responses`, wherever its answer goes. @throws RequestError before its acceptance */
export async function createResponse(
  body: JsonObject,
  sink: AnswerSink,
  asker: Asker,
  deps: ResponsesDeps,
): Promise<void> {
  const prepared = await prepare(body, asker, deps);
  if (prepared.request.shown.background) startBackground(prepared, sink, asker, deps);
  else await answerNow(prepared, sink, asker, { ...deps, memory: null });
}

/** What a socket has beside what all have. */
export interface SocketDeps extends ResponsesDeps {
  readonly memory: SocketMemory;
}

/** `response.create` of a socket: always a stream. @throws RequestError before its acceptance */
export async function createSocketResponse(
  body: JsonObject,
  sink: AnswerSink,
  asker: Asker,
  deps: SocketDeps,
): Promise<void> {
  const prepared = await prepare(body, asker, deps, deps);
  if (prepared.request.shown.background) {
    refuseParam('background', 'background is not supported over a WebSocket.');
  }
  const ask = { ...prepared.ask, generate: { ...prepared.ask.generate, stream: true } };
  if (fieldOf(body, 'generate') === false) keepAsked(prepared, sink, deps);
  else await answerNow({ ...prepared, ask }, sink, asker, deps);
}

/** `generate: false`: what was asked is kept, for a response that continues it. */
function keepAsked(prepared: Prepared, sink: AnswerSink, deps: SocketDeps): void {
  const { request } = prepared;
  const response = responseObject(request, { ...IN_PROGRESS, status: 'completed' });
  keep(response, prepared, deps);
  followEvents(replayOf(response), sink, -1);
}

interface AnswerDeps extends ResponsesDeps {
  /** Of the socket that asked; null = none did. */
  readonly memory: SocketMemory | null;
}

async function answerNow(
  prepared: Prepared,
  sink: AnswerSink,
  asker: Asker,
  deps: AnswerDeps,
): Promise<void> {
  const { request, ask } = prepared;
  const { tokenizer, openAi } = deps;
  const renderer = new ResponsesRenderer(request, ask, {
    tokenizer: tokenizer(),
    isCancelled: () => false,
    onEnded: (response) => {
      keep(response, prepared, deps);
    },
  });
  await answerGenerate(askedBy(ask.generate, asker), renderer, sink, openAi.generation);
}

/** With `store: false` nobody but the socket that made it finds it. */
function keep(response: ResponseObject, prepared: Prepared, { store, memory }: AnswerDeps): void {
  const isKept = prepared.request.shown.store;
  keepEnded(response, { ...prepared, run: null, isKept }, store);
  if (!isKept && response.status !== 'failed') memory?.keep(response, prepared.turn);
}
