import { randomUUID } from 'node:crypto';

import { RequestError, refuse } from '../../core/errors.js';
import type { GenerateRequest, SamplingRequest } from '../../engine/request.js';
import type { HiddenStatesMode } from '../../core/hidden-states.js';
import type { ThoughtMarks } from '../../core/thought.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { parseSamplingParams, type SamplingContext } from './sampling-request.js';
import { StopRegexes } from '../../text/stop-regexes.js';
import { parseHiddenStates } from './hidden-fields.js';
import { parseLogprobFields } from './logprob-fields.js';
import { parseLoraPaths } from './lora-fields.js';
import {
  dpRankOf,
  parseUnobserved,
  resolvePriority,
  type PriorityRules,
} from './request-fields.js';
import { parsePrompts } from './prompt-fields.js';
import { resolveRids } from './rid-fields.js';
import { parseSessionParams } from './session-routes.js';
import { parseThoughtFields, withThoughts } from './thought-fields.js';
import { checkUnsupportedFields } from './unsupported-fields.js';

/** Prompts times samples that one request may bring. */
export const MAX_SAMPLES = 4096;

export interface GenerateContext extends SamplingContext {
  readonly disableRadixCache: boolean;
  readonly dpSize: number;
  /** `--enable-lora` */
  readonly takesAdapters: boolean;
  /** Most that `return_hidden_states` may ask for; null = nothing. */
  readonly hiddenStatesMode: HiddenStatesMode | null;
  /** Ids of the tags around the model's thoughts; null = it has none. */
  readonly thoughtTags: ThoughtMarks | null;
  readonly priority: PriorityRules;
  /** `--preferred-sampling-params`: goes under every request's own keys. */
  readonly preferredSamplingParams: JsonObject | null;
}

/** @throws RequestError with the first error, in SGLang's order */
export function parseGenerateRequest(body: JsonObject, context: GenerateContext): GenerateRequest {
  const read = new FieldReader(body, 'INVALID_JSON');
  const { prompts, isBatch } = parsePrompts(body, context);
  const samplings = parseSamplings(body, prompts.length, isBatch, context);
  const n = samplings[0]?.n ?? 1;
  if (samplings.some((sampling) => sampling.n !== n)) {
    refuse('The parallel_sample_num should be the same for all samples in sample params.');
  }
  if (prompts.length * n > MAX_SAMPLES) {
    refuse(`A request may ask for at most ${MAX_SAMPLES} samples, got ${prompts.length * n}.`);
  }
  checkUnsupportedFields(read);
  const adapters = parseLoraPaths(read, prompts.length, context.takesAdapters);
  const thoughts = parseThoughtFields(read, context.thoughtTags);
  const shape = { numPrompts: prompts.length, isBatch, n };
  const logprobs = parseLogprobFields(body, shape, context.vocabSize);
  const hiddenStates = parseHiddenStates(body, shape, context.hiddenStatesMode);
  const rids = resolveRids(fieldOf(body, 'rid'), shape, randomUUID);
  const extraKeys = perPromptStrings(read, 'extra_key', prompts.length);
  const cacheSalts = perPromptStrings(read, 'cache_salt', prompts.length);
  const common = {
    dpRank: dpRankOf(read, context.dpSize),
    priority: resolvePriority(read.integer('priority'), context.priority),
    explainsMiss: read.boolean('return_cache_info') ?? false,
    ...parseUnobserved(read),
  };
  return {
    stream: read.boolean('stream') ?? false,
    isSingle: !isBatch && n === 1,
    entries: prompts.map((prompt, i) => ({
      prompt,
      ...withThoughts(at(samplings, i), thoughts),
      logprobs: at(logprobs, i),
      hiddenStates: at(hiddenStates, i),
      rids: at(rids, i),
      adapter: at(adapters, i),
      extraKey: at(extraKeys, i),
      cacheSalt: at(cacheSalts, i),
      tenant: '',
      ...common,
    })),
    returnTextInLogprobs: read.boolean('return_text_in_logprobs') ?? false,
    returnPromptTokenIds: read.boolean('return_prompt_token_ids') ?? false,
    background: read.boolean('background') ?? false,
    session: parseSessionParams(read, !isBatch && n === 1),
  };
}

/** A single object is meant for every prompt; a list has one entry per prompt. */
function parseSamplings(
  body: JsonObject,
  numPrompts: number,
  isBatch: boolean,
  context: GenerateContext,
): readonly SamplingRequest[] {
  const value = fieldOf(body, 'sampling_params') ?? {};
  if (!Array.isArray(value)) {
    const sampling = parseOne(value, context);
    return Array.from({ length: numPrompts }, () => sampling);
  }
  if (!isBatch || value.length !== numPrompts) {
    refuse('The length of sampling_params should be equal to the batch size.');
  }
  const regexes = new StopRegexes();
  return value.map((one: unknown) => parseOne(one ?? {}, context, regexes));
}

function parseOne(
  value: unknown,
  context: GenerateContext,
  regexes?: StopRegexes,
): SamplingRequest {
  if (!isObject(value)) {
    throw new RequestError(
      'INVALID_JSON',
      'sampling_params must be an object or a list of objects.',
    );
  }
  return parseSamplingParams({ ...context.preferredSamplingParams, ...value }, context, regexes);
}

function perPromptStrings(
  read: FieldReader,
  name: string,
  numPrompts: number,
): readonly (string | null)[] {
  const value = read.raw(name);
  if (!Array.isArray(value)) {
    const one = read.string(name);
    return Array.from({ length: numPrompts }, () => one);
  }
  const list = read.strings(name) ?? [];
  if (list.length !== numPrompts)
    refuse(`The length of ${name} should be equal to the batch size.`);
  return list;
}

function at<T>(list: readonly T[], index: number): T {
  if (index >= list.length) throw new Error('This is a bug: a per-prompt list is too short.');
  return list[index] as T;
}
