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
import type { SocketMemory } from './socket-memory.js';
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

export interface PrepareOptions {
  /** What else is said behind the input. */
  readonly more?: readonly Item[];
  /** What the asker's socket remembers. */
  readonly memory?: SocketMemory;
}

/** @throws RequestError */
export async function prepare(
  body: JsonObject,
  asker: Asker,
  { openAi, store }: PrepareDeps,
  { more = [], memory }: PrepareOptions = {},
): Promise<Prepared> {
  const context = chatContext(openAi);
  const request = parseRequest(body, context, (id) => store.findItem(asker.tenant, id));
  if (store.has(request.id)) {
    refuseParam('request_id', `A response with the id '${request.id}' is kept already.`);
  }
  const previousId = request.shown.previous_response_id;
  const remembered = previousId === null ? null : (memory?.find(previousId) ?? null);
  const before = remembered?.turn ?? turnBefore(request, asker, store);
  const turn = new Turn(before, request.input, asker.tenant);
  const items = [...turn.all(), ...more];
  checkOutputs(items);
  const messages = chatMessages(request.shown.instructions, items);
  const chat = chatBody({ ...request.chat, messages: fromJson(messages) });
  return { request, turn, ask: await parseChatAsk(chat, context) };
}

/** A result stands behind its call, as OpenAI demands it. @throws ParamError */
function checkOutputs(items: readonly Item[]): void {
  const called = new Set<string>();
  for (const item of items) {
    if (item.type === 'function_call') called.add(item.call_id);
    if (item.type !== 'function_call_output' || called.has(item.call_id)) continue;
    const id = item.call_id.slice(0, 200);
    refuseParam('input', `No tool call found for function call output with call_id ${id}.`);
  }
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
