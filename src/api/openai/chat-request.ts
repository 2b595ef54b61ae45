import { RequestError } from '../../core/errors.js';
import type { ChatTemplate } from '../../text/chat-template.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import type { EncodeDeps } from '../../engine/encode.js';
import { ChatChoice } from './chat-choice.js';
import { encodeChat, renderChat } from './chat-prompt.js';
import { parseCommonFields, type CommonContext } from './common-fields.js';
import type { OpenAiRequest } from './request.js';

export interface ChatContext extends CommonContext {
  readonly tokenizer: Tokenizer;
  readonly encodeQueue: EncodeDeps['encodeQueue'];
  readonly template: ChatTemplate | null;
  /** `--context-length`, where it was given: only then is a large limit an error of its own. */
  readonly givenContextLength: number | null;
}

/** A `/v1/chat/completions` body. @throws RequestError */
export async function parseChatRequest(
  body: JsonObject,
  context: ChatContext,
): Promise<OpenAiRequest> {
  const common = parseCommonFields(body, context);
  const read = new FieldReader(body, 'INVALID_JSON');
  const maxNewTokens = read.integer('max_completion_tokens') ?? read.integer('max_tokens');
  checkLimit(maxNewTokens, context.givenContextLength);
  const native = {
    ...common.native,
    input_ids: await promptIds(body, context),
    sampling_params: { ...common.sampling, max_new_tokens: maxNewTokens },
    return_logprob: read.boolean('logprobs') ?? false,
    top_logprobs_num: read.integer('top_logprobs'),
  };
  return {
    ...common,
    generate: parseGenerateRequest(native, context.generate),
    choices: new ChatChoice(context.tokenizer),
  };
}

/** `input_ids` stand for the whole prompt: no template then. */
async function promptIds(body: JsonObject, context: ChatContext): Promise<unknown> {
  const given = fieldOf(body, 'input_ids');
  if (given !== null) {
    if (Array.isArray(given) && !Array.isArray(given[0])) return given;
    throw new RequestError('INVALID_JSON', 'input_ids must be a list of integers.');
  }
  return encodeChat(renderChat(body, context.template), context);
}

function checkLimit(maxNewTokens: number | null, contextLength: number | null): void {
  if (maxNewTokens === null || contextLength === null || maxNewTokens <= contextLength) return;
  const message =
    `max_completion_tokens is too large: ${maxNewTokens}.` +
    `This model supports at most ${contextLength} completion tokens.`;
  throw new RequestError('INVALID_REQUEST', message);
}
