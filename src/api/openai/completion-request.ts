import { RequestError } from '../../core/errors.js';
import type { GenerateEntry } from '../../engine/request.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { FieldReader, isStrings } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import { parseCommonFields, type CommonContext } from './common-fields.js';
import { CompletionChoice } from './completion-choice.js';
import type { OpenAiRequest } from './request.js';

const DEFAULT_MAX_TOKENS = 16;

export interface CompletionContext extends CommonContext {
  readonly tokenizer: Tokenizer;
}

/** A `/v1/completions` body. @throws RequestError */
export function parseCompletionRequest(
  body: JsonObject,
  context: CompletionContext,
): OpenAiRequest {
  const common = parseCommonFields(body, context);
  const read = new FieldReader(body, 'INVALID_JSON');
  const maxTokens = read.integer('max_tokens') ?? DEFAULT_MAX_TOKENS;
  if (maxTokens <= 0) throw new RequestError('INVALID_REQUEST', 'max_tokens must be positive');
  const numTop = read.integer('logprobs');
  const echo = read.boolean('echo') ?? false;
  const native = {
    ...common.native,
    ...promptFields(fieldOf(body, 'prompt')),
    sampling_params: { ...common.sampling, max_new_tokens: maxTokens },
    return_logprob: numTop !== null,
    top_logprobs_num: numTop,
    logprob_start_len: echo ? 0 : -1,
  };
  const generate = parseGenerateRequest(native, context.generate);
  const { tokenizer } = context;
  const choices = new CompletionChoice({
    tokenizer,
    echoed: echo ? generate.entries.map((entry) => promptText(entry, tokenizer)) : null,
    n: generate.entries[0]?.rids.length ?? 1,
  });
  return { ...common, generate, choices };
}

/** Text, texts, ids or lists of ids. */
function promptFields(prompt: unknown): JsonObject {
  if (prompt === null) throw new RequestError('INVALID_JSON', 'prompt is required.');
  if (prompt === '' || (Array.isArray(prompt) && prompt.length === 0)) {
    throw new RequestError('INVALID_REQUEST', 'Prompt cannot be empty');
  }
  if (typeof prompt === 'string' || isStrings(prompt)) return { text: prompt };
  if (isIds(prompt)) return { input_ids: prompt };
  const message = 'prompt must be a string, a list of strings, token ids or lists of token ids.';
  throw new RequestError('INVALID_JSON', message);
}

/** One list of numbers, or lists alone; what is in them is checked with the ids of `/generate`. */
function isIds(prompt: unknown): boolean {
  if (!Array.isArray(prompt)) return false;
  return prompt.every((id) => typeof id === 'number') || prompt.every((ids) => Array.isArray(ids));
}

function promptText({ prompt }: GenerateEntry, tokenizer: Tokenizer): string {
  return prompt.kind === 'text' ? prompt.text : tokenizer.decode(prompt.ids);
}
