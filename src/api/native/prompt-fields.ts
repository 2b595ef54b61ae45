import { RequestError, refuse } from '../../core/errors.js';
import type { Prompt } from '../../engine/request.js';
import { isInteger, isIntegers, isStrings } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';

export interface Prompts {
  readonly prompts: readonly Prompt[];
  /** A list, even of one prompt, gives an array response. */
  readonly isBatch: boolean;
}

export interface PromptContext {
  readonly vocabSize: number;
  readonly hasTokenizer: boolean;
  readonly disableRadixCache: boolean;
}

/** `input_ids` where they are given, else `text`, else `input_embeds`: what SGLang computes. @throws RequestError */
export function parsePrompts(body: JsonObject, context: PromptContext): Prompts {
  const text = fieldOf(body, 'text');
  const inputIds = fieldOf(body, 'input_ids');
  const embeds = fieldOf(body, 'input_embeds');
  const numGiven = [text, inputIds, embeds].filter((value) => value !== null).length;
  if (numGiven === 0 || numGiven === 3) {
    refuse('Either text, input_ids or input_embeds should be provided.');
  }
  if (inputIds !== null) return idPrompts(inputIds, context.vocabSize);
  if (text !== null) return textPrompts(text, context.hasTokenizer);
  return refuseEmbeds(context.disableRadixCache);
}

function textPrompts(text: unknown, hasTokenizer: boolean): Prompts {
  const isBatch = typeof text !== 'string';
  if (isBatch && !isStrings(text)) refuse('Text should be a list for batch processing.');
  const texts = isBatch ? text : [text];
  if (!hasTokenizer) {
    refuse(
      'The engine initialized with skip_tokenizer_init=True cannot accept text prompts. Please provide input_ids or re-initialize the engine with skip_tokenizer_init=False.',
    );
  }
  if (texts.length === 0 || texts.includes('')) refuse('text cannot be empty.');
  return { prompts: texts.map((one) => ({ kind: 'text', text: one })), isBatch };
}

function idPrompts(inputIds: unknown, vocabSize: number): Prompts {
  if (!Array.isArray(inputIds)) {
    throw new RequestError(
      'INVALID_JSON',
      'input_ids must be a list of integers or a list of lists.',
    );
  }
  const list: unknown[] = inputIds;
  if (list.length === 0) refuse('input_ids cannot be empty.');
  const isBatch = !isInteger(list[0]) && typeof list[0] !== 'number';
  if (!isBatch) return { prompts: [idPrompt(list, vocabSize)], isBatch };
  if (!list.every((ids) => Array.isArray(ids))) {
    refuse('input_ids should be a list of lists for batch processing.');
  }
  return { prompts: list.map((ids) => idPrompt(ids as unknown[], vocabSize)), isBatch };
}

function idPrompt(ids: readonly unknown[], vocabSize: number): Prompt {
  if (ids.length === 0) refuse('input_ids cannot be empty.');
  if (!isIntegers(ids)) return refuse('input_ids must contain only integers.');
  const outside = ids.find((id) => id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    refuse(
      `input_ids contains out-of-vocabulary token id ${outside}; valid range is [0, ${vocabSize}).`,
    );
  }
  return { kind: 'ids', ids: Int32Array.from(ids) };
}

function refuseEmbeds(disableRadixCache: boolean): never {
  if (disableRadixCache) refuse('input_embeds is not supported by this version of the server.');
  return refuse(
    'input_embeds is provided while disable_radix_cache is False. Please add `--disable-radix-cache` when you launch the server if you want to use input_embeds as inputs.',
  );
}
