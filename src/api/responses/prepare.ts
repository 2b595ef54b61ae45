import type { Asker } from '../../engine/asker.js';
import type { JsonObject } from '../../http/json.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { fromJson } from '../../text/jinja/json-value.js';
import { chatBody } from '../openai/chat-body.js';
import { parseChatAsk, type ChatAsk } from '../openai/chat-ask.js';
import { chatContext, type OpenAiDeps } from '../openai/routes.js';
import { chatMessages } from './chat-messages.js';
import { refuseParam } from './errors.js';
import type { Item } from './item.js';
import { conversationOf, responseOf } from './kept.js';
import { parseRequest, type ResponsesRequest } from './request.js';
import type { Store } from './store.js';
import { Turn } from './turn.js';

/** A body that may be answered: what it asks, of what, and how that reads as a chat. */
export interface Prepared {
  readonly request: ResponsesRequest;
  /** All that it continues, and its own input. */
  readonly turn: Turn;
  readonly ask: ChatAsk;
}

interface PrepareDeps {
  readonly openAi: OpenAiDeps;
  readonly store: Store;
}

/** What all routes and sockets of the API share. */
export interface ResponsesDeps extends PrepareDeps {
  /** @throws RequestError with `--skip-tokenizer-init` */
  readonly tokenizer: () => Tokenizer;
  /** Told of errors that are bugs and that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** @param more what else is said behind the input @throws RequestError */
export async function prepare(
  body: JsonObject,
  asker: Asker,
  { openAi, store }: PrepareDeps,
  more: readonly Item[] = [],
): Promise<Prepared> {
  const context = chatContext(openAi);
  const request = parseRequest(body, context, (id) => store.findItem(asker.tenant, id));
  if (store.has(request.id)) {
    refuseParam('request_id', `A response with the id '${request.id}' is kept already.`);
  }
  const turn = new Turn(turnBefore(request, asker, store), request.input, asker.tenant);
  const messages = chatMessages(request.shown.instructions, [...turn.all(), ...more]);
  const chat = chatBody({ ...request.chat, messages: fromJson(messages) });
  return { request, turn, ask: await parseChatAsk(chat, context) };
}

function turnBefore(request: ResponsesRequest, { tenant }: Asker, store: Store): Turn | null {
  const { conversation } = request;
  if (conversation !== null) return conversationOf(store, tenant, conversation).turn;
  const previousId = request.shown.previous_response_id;
  if (previousId === null) return null;
  const previous = responseOf(store, tenant, previousId, 'previous_response_id');
  if (!previous.isLive) return previous.turn;
  return refuseParam(
    'previous_response_id',
    `Response '${previousId}' is ${previous.response.status}: it cannot be continued yet.`,
  );
}
