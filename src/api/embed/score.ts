import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import { isIntegers, isStrings } from '../../http/field-reader.js';
import type { Generation } from '../../engine/generation.js';
import type { JsonObject } from '../../http/json.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import type { GenerateDeps } from '../native/generate.js';
import { isFailure } from '../../core/finish-reason.js';
import { askGenerate, type GenerateAsk } from '../../engine/ask.js';
import { softmax } from './softmax.js';

/**
 * POST `/v1/score` on a generation model: how probable each label is as the token after query and item.
 * It is a `/generate` of one token that asks for the labels' log-probabilities.
 */
export function askScore(read: FieldReader, deps: GenerateDeps): GenerateAsk {
  const labels = labelsOf(read, deps.context.vocabSize);
  const prompts = promptsOf(read);
  const useSoftmax = read.boolean('apply_softmax') ?? false;
  const model = read.string('model') ?? 'default';
  const request = parseGenerateRequest(oneTokenBody(prompts, labels), deps.context);
  return askGenerate(request, deps, {
    mode: 'whole',
    render: (generations) => {
      const scores = generations.map((one) => scoresOf(labelLogprobs(one, labels), useSoftmax));
      return { scores, model, usage: null, object: 'scoring' };
    },
    isFatal: isFailure,
  });
}

/** Temperature 1 and nothing masked: the model's own distribution. */
export function oneTokenBody(prompts: JsonObject, labels: readonly number[]): JsonObject {
  return {
    ...prompts,
    return_logprob: true,
    logprob_start_len: -1,
    token_ids_logprob: labels,
    sampling_params: { temperature: 1, max_new_tokens: 1, min_new_tokens: 0, ignore_eos: true },
  };
}

function labelsOf(read: FieldReader, vocabSize: number): readonly number[] {
  const labels = read.integers('label_token_ids');
  if (labels === null) return refuse('label_token_ids must be provided');
  const outside = labels.find((id) => id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    refuse(`Token ID ${outside} is out of vocabulary (vocab size: ${vocabSize})`);
  }
  return labels;
}

/** `text` or `input_ids` of a batch: query and item, or item and query. */
function promptsOf(read: FieldReader): JsonObject {
  const query = read.raw('query');
  const given = read.raw('items');
  const items: unknown = typeof given === 'string' ? [given] : given;
  const itemFirst = read.boolean('item_first') ?? false;
  if (typeof query === 'string' && isStrings(items)) {
    return { text: items.map((item) => (itemFirst ? item + query : query + item)) };
  }
  if (isIntegers(query) && isLists(items)) {
    return {
      input_ids: items.map((item) => (itemFirst ? [...item, ...query] : [...query, ...item])),
    };
  }
  return refuse('Invalid combination of query/items types for score_request.');
}

function isLists(value: unknown): value is number[][] {
  return Array.isArray(value) && value.length > 0 && value.every(isIntegers);
}

/** The row of the one new token: itself first, then the labels (no top entries were asked for). */
export function labelLogprobs(
  generation: Generation,
  labels: readonly number[],
): readonly number[] {
  const row = generation.outputLogprobs.get(0);
  return labels.map((_, i) => row?.values[1 + i] ?? -Infinity);
}

function scoresOf(logprobs: readonly number[], useSoftmax: boolean): readonly number[] {
  return useSoftmax ? softmax(logprobs) : logprobs.map((logprob) => Math.exp(logprob));
}
