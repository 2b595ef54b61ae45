import type { ServedModel } from '../../engine/served-model.js';
import { RequestError } from '../../core/errors.js';
import { jsonResponse } from '../../http/http.js';
import { parseJsonObject } from '../../http/json.js';
import type { Handler, Method, Route } from '../../http/router.js';
import type { EmbedDeps } from '../embed/embed.js';
import { answerHttp } from '../http-answer.js';
import type { OpenAiDeps } from '../openai/routes.js';
import { abilitiesOf, type Abilities } from './abilities.js';
import { parseChat } from './chat-request.js';
import { createEmbedHandler, createEmbeddingsHandler } from './embed.js';
import { CHAT_FIELDS, GENERATE_FIELDS, SHOW_FIELDS } from './fields.js';
import { parseGenerate } from './generate-request.js';
import { createTextHandler } from './handler.js';
import { loadedCard, tagCard } from './model-card.js';
import { checkServed, modelNameOf } from './model-name.js';
import { createPullHandler } from './pull.js';
import { showModel } from './show.js';
import { OLLAMA, ollamaError } from './spelling.js';

/** The release of Ollama whose API this is: clients look for a least one. */
const OLLAMA_VERSION = '0.12.11';

export interface OllamaRouteDeps extends OpenAiDeps, EmbedDeps {
  /** `SGLANG_OLLAMA_ROOT_ROUTE`: where it says that Ollama is running; null = nowhere. */
  readonly ollamaRootRoute: string | null;
}

/** Ollama's API over the one model that is served. */
export function createOllamaRoutes(deps: OllamaRouteDeps): readonly Route[] {
  const { model, ollamaRootRoute } = deps;
  const abilities = abilitiesOf(model);
  const textDeps = { ...deps, abilities };
  return [
    ...(ollamaRootRoute === null
      ? []
      : [{ ...route(['GET'], ollamaRootRoute, isRunning), describedAs: '/' }]),
    route(['POST'], '/api/chat', createTextHandler(parseChat, CHAT_FIELDS, textDeps)),
    route(['POST'], '/api/generate', createTextHandler(parseGenerate, GENERATE_FIELDS, textDeps)),
    route(['POST'], '/api/embed', createEmbedHandler(textDeps)),
    route(['POST'], '/api/embeddings', createEmbeddingsHandler(textDeps)),
    route(
      ['GET'],
      '/api/tags',
      sending(() => ({ models: [tagCard(model)] })),
    ),
    route(
      ['GET'],
      '/api/ps',
      sending(() => ({ models: [loadedCard(model)] })),
    ),
    route(
      ['GET'],
      '/api/version',
      sending(() => ({ version: OLLAMA_VERSION })),
    ),
    route(['POST'], '/api/show', createShowHandler(model, abilities)),
    route(['POST'], '/api/pull', createPullHandler(model)),
    ...NOT_HERE.map(([methods, path]) => route(methods, path, notHere(path))),
    route(METHODS, '/api/*', isAbsent),
  ];
}

/** What would change which models there are. */
const NOT_HERE: readonly (readonly [readonly Method[], string])[] = [
  [['POST'], '/api/create'],
  [['POST'], '/api/copy'],
  [['POST'], '/api/push'],
  [['DELETE'], '/api/delete'],
  [['GET', 'POST'], '/api/blobs/*'],
];

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE'];

/** Whatever else Ollama has, in its shape: its clients read `error` as a text. */
const isAbsent: Handler = () => {
  throw new RequestError('NOT_FOUND', 'Not Found');
};

function route(methods: readonly Method[], path: string, handler: Handler): Route {
  return { methods, path, access: 'key', errors: ollamaError, handler };
}

function sending(make: () => unknown): Handler {
  return (_, reply) => {
    reply.send(jsonResponse(200, make()));
  };
}

/** Clients compare the text: it has no quotes around it. */
const isRunning: Handler = (_, reply) => {
  reply.send({
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: 'Ollama is running',
  });
};

function createShowHandler(model: ServedModel, abilities: Abilities): Handler {
  return (request, reply) =>
    answerHttp(reply, OLLAMA, async (sink) => {
      const body = parseJsonObject(await request.readBody(), SHOW_FIELDS);
      checkServed(modelNameOf(body), model.servedName);
      sink.answer(showModel(model, abilities));
    });
}

function notHere(path: string): Handler {
  return () => {
    throw new RequestError(
      'NOT_IMPLEMENTED',
      `${path.replace('/*', '')} is not implemented: this server serves the one model that it was started with.`,
    );
  };
}
