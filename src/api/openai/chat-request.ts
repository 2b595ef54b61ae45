import type { JsonObject } from '../../http/json.js';
import { parseChatAsk, type ChatContext } from './chat-ask.js';
import { ChatChoice } from './chat-choice.js';
import type { OpenAiRequest } from './request.js';

/** A `/v1/chat/completions` body. @throws RequestError */
export async function parseChatRequest(
  body: JsonObject,
  context: ChatContext,
): Promise<OpenAiRequest> {
  const { plan, callIds, ...ask } = await parseChatAsk(body, context);
  return { ...ask, choices: new ChatChoice({ tokenizer: context.tokenizer, plan, callIds }) };
}
