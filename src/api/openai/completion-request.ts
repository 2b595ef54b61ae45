import { RequestError, refuse } from '../../core/errors.js';
import type { GenerateEntry } from '../../engine/request.js';
import { fimPrompt, type FimFormat } from '../../text/fim.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { FieldReader, isStrings } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import { parseCommonFields, type CommonContext } from './common-fields.js';
import { parseExtras } from './choice-extras.js';
import { CompletionChoice } from './completion-choice.js';
import type { OpenAiRequest } from './request.js';

const DEFAULT_MAX_TOKENS = 16;

export interface CompletionContext extends CommonContext {
  readonly tokenizer: Tokenizer;
  /** How the model is shown the text after a gap; null = it fills none. */
  readonly fim: FimFormat | null;
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
    ...promptFields(withSuffix(fieldOf(body, 'prompt'), read.string('suffix'), context.fim)),
    sampling_params: { ...common.sampling, max_new_tokens: maxTokens },
    return_logprob: numTop !== null,
    top_logprobs_num: numTop,
    logprob_start_len: echo ? 0 : -1,
  };
  const generate = parseGenerateRequest(native, context.generate);
  const { tokenizer } = context;
  const choices = new CompletionChoice({
    tokenizer,
    echoed: echo ? echoedTexts(body, generate.entries, tokenizer) : null,
    n: generate.entries[0]?.rids.length ?? 1,
  });
  return { ...common, extras: parseExtras(read, 'completions'), generate, choices };
}

/** A suffix asks for the text between it and the prompt; an empty one for nothing. @throws RequestError */
function withSuffix(prompt: unknown, suffix: string | null, fim: FimFormat | null): unknown {
  if (suffix === null || suffix === '') return prompt;
  if (fim === null) {
    return refuse(
      'suffix was given, but this model does not fill in the middle: see --completion-template.',
    );
  }
  if (typeof prompt === 'string') return fimPrompt(fim, prompt, suffix);
  if (isStrings(prompt)) return prompt.map((one) => fimPrompt(fim, one, suffix));
  return prompt === null ? null : refuse('suffix needs a prompt that is text.');
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

/** What the client sent, not what a suffix made of it. */
function echoedTexts(
  body: JsonObject,
  entries: readonly GenerateEntry[],
  tokenizer: Tokenizer,
): readonly string[] {
  const prompt = fieldOf(body, 'prompt');
  if (typeof prompt === 'string') return [prompt];
  return isStrings(prompt) ? prompt : entries.map((entry) => promptText(entry, tokenizer));
}

function promptText({ prompt }: GenerateEntry, tokenizer: Tokenizer): string {
  return prompt.kind === 'text' ? prompt.text : tokenizer.decode(prompt.ids);
}
