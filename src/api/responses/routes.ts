import type { HttpRequest } from '../../http/http.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Method, Route } from '../../http/router.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { numPromptTokens } from '../openai/chat-ask.js';
import { chatContext, type OpenAiDeps } from '../openai/routes.js';
import { compact } from './compact.js';
import { conversationRoutes } from './conversations.js';
import { RESPONSE_FIELDS } from './fields.js';
import { nestedRoute, type Act } from './http.js';
import { prepare, type ResponsesDeps } from './prepare.js';
import { createResponse } from './responses.js';
import { Store } from './store.js';
import { storedActs } from './stored.js';

const PATH = '/v1/responses';

/** What all routes and sockets of the API share: the store among it. */
export function responsesDeps(
  openAi: OpenAiDeps,
  onError: ResponsesDeps['onError'],
): ResponsesDeps {
  const tokenizer = (): Tokenizer => chatContext(openAi).tokenizer;
  return { openAi, tokenizer, store: new Store(), onError };
}

/** OpenAI's Responses API: other words for a chat, and what it keeps between requests. */
export function createResponsesRoutes(deps: ResponsesDeps): readonly Route[] {
  const { dpSize } = deps.openAi.args;
  const route = (method: Method, path: string, act: Act): Route =>
    nestedRoute(
      { method, path: `${PATH}${path}`, dpSize, requiresJson: needsJson(method, path) },
      act,
    );
  const stored = storedActs(deps.store);
  return [
    route('POST', '', async ({ request, sink, asker }) => {
      await createResponse(await bodyOf(request), sink, asker, deps);
    }),
    route('POST', '/input_tokens', async ({ request, sink, asker }) => {
      const { ask } = await prepare(await bodyOf(request), asker, deps);
      sink.answer({ object: 'response.input_tokens', input_tokens: numPromptTokens(ask) });
    }),
    route('POST', '/compact', async ({ request, sink, asker }) => {
      await compact(await bodyOf(request), sink, asker, deps);
    }),
    route('GET', '/*', stored.GET),
    route('POST', '/*', stored.POST),
    route('DELETE', '/*', stored.DELETE),
    ...conversationRoutes(deps.store, dpSize),
  ];
}

async function bodyOf(request: HttpRequest): Promise<JsonObject> {
  return parseJsonObject(await request.readBody(), RESPONSE_FIELDS);
}

/** Acts on a response that is kept have no body. */
function needsJson(method: Method, path: string): boolean {
  return method === 'POST' && !path.endsWith('*');
}
