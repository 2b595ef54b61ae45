import { refuse } from '../../core/errors.js';
import { maxPromptTokens, type RequestLimits } from '../../engine/fit-request.js';
import type { JsonObject } from '../../http/json.js';
import type { Value } from '../../text/jinja/values.js';
import { chatModelOf } from '../openai/adapter-name.js';
import {
  limitedByRoom,
  numPromptTokens,
  parseChatAsk,
  type ChatAsk,
  type ChatContext,
} from '../openai/chat-ask.js';
import { chatBody } from '../openai/chat-body.js';
import { losslessBody } from '../openai/lossless.js';
import { conversationOf } from './messages.js';
import { responseFormat } from './output-format.js';
import { Part } from './part.js';
import { checkRefusedFields } from './refused-fields.js';
import { parseThinking } from './thinking.js';
import { toolFields } from './tools.js';

/** A `/v1/messages` body as the native request it comes down to, and what its answer is shown by. */
export interface MessagesAsk extends Pick<ChatAsk, 'generate' | 'model' | 'plan' | 'callIds'> {
  /** `max_tokens`, which the room behind the prompt may not hold. */
  readonly maxTokens: number;
  readonly stopSequences: readonly string[];
  /** Thoughts are told, but not shown. */
  readonly omitsThoughts: boolean;
}

/** @param id the message's. @throws RequestError */
export async function parseMessagesAsk(
  body: JsonObject,
  id: string,
  context: ChatContext,
  limits: RequestLimits,
): Promise<MessagesAsk> {
  const part = new Part(losslessBody(body));
  const model = part.neededText('model');
  const maxTokens = part.integer('max_tokens') ?? part.missing('max_tokens');
  if (maxTokens < 0) refuse('max_tokens: Input should be greater than or equal to 0');
  const stopSequences = part.texts('stop_sequences') ?? [];
  const { fields, isOmitted } = chatFields(part, maxTokens, context);
  const ask = await parseChatAsk(
    chatBody({
      ...fields,
      rid: id,
      // Clients send the names that they know: without adapters a colon means nothing.
      model: context.generate.takesAdapters ? chatModelOf(model, context.servedName) : null,
      stream: part.flag('stream'),
      max_tokens: Math.min(maxTokens, context.givenContextLength ?? maxTokens),
      stop: stopSequences.length === 0 ? null : stopSequences,
      temperature: part.value('temperature'),
      top_p: part.value('top_p'),
      top_k: part.value('top_k'),
      return_cache_info: part.flag('return_cache_info'),
      n: 1,
    }),
    context,
  );
  checkLength(numPromptTokens(ask), limits);
  return {
    ...ask,
    model,
    // What is too long a wish ends with `model_context_window_exceeded`.
    generate: limitedByRoom(ask.generate),
    maxTokens,
    stopSequences,
    omitsThoughts: isOmitted,
  };
}

/** Tokens of the prompt that the same body has at `/v1/messages`. @throws RequestError */
export async function countPromptTokens(body: JsonObject, context: ChatContext): Promise<number> {
  const { fields } = chatFields(new Part(losslessBody(body)), null, context);
  return numPromptTokens(await parseChatAsk(chatBody(fields), context));
}

interface ChatFields {
  readonly fields: Readonly<Record<string, Value>>;
  readonly isOmitted: boolean;
}

/** What the prompt is made of, as fields of a chat body. */
function chatFields(body: Part, maxTokens: number | null, { parsers }: ChatContext): ChatFields {
  checkRefusedFields(body);
  body.neededText('model');
  const { messages, isContinued } = conversationOf(body);
  const thinking = parseThinking(body, { parsers, maxTokens, isContinued });
  const fields = {
    messages,
    continue_final_message: isContinued ? true : null,
    ...toolFields(body),
    ...thinking.fields,
    response_format: responseFormat(body),
  };
  return { fields, isOmitted: thinking.isOmitted };
}

function checkLength(numTokens: number, limits: RequestLimits): void {
  const maximum = maxPromptTokens(limits);
  if (limits.allowAutoTruncate || numTokens <= maximum) return;
  refuse(`prompt is too long: ${numTokens} tokens > ${maximum} maximum`);
}
