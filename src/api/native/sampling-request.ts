import { refuse } from '../../core/errors.js';
import type { SamplingRequest } from '../../engine/request.js';
import { TOP_K_ALL } from '../../core/sampling-params.js';
import { pythonRepr } from '../../text/python-repr.js';
import type { StopRegex } from '../../text/stop-regex.js';
import { RegexSizeError, StopRegexes } from '../../text/stop-regexes.js';
import { FieldReader } from '../../http/field-reader.js';
import { describe } from '../../http/described.js';
import { parseGrammar } from './grammar-fields.js';
import { thinkingBudget } from './thought-fields.js';
import { isObject, type JsonObject } from '../../http/json.js';
import { SAMPLING_FIELDS } from './sampling-fields.js';
import { checkSamplingRanges } from './sampling-ranges.js';

/** Samples of one prompt that one request may ask for. */
export const MAX_PARALLEL_SAMPLES = 256;
export const MAX_STOPS = 256;
export const MAX_STOP_LENGTH = 4096;
const DEFAULT_MAX_NEW_TOKENS = 128;
/** Below this a temperature means greedy, as in SGLang. */
const GREEDY_TEMPERATURE = 1e-6;

export interface SamplingContext {
  readonly vocabSize: number;
  /** False with `--skip-tokenizer-init`. */
  readonly hasTokenizer: boolean;
}

/**
 * @param regexes those of the body so far
 * @throws RequestError INVALID_REQUEST with SGLang's message
 */
export function parseSamplingParams(
  params: JsonObject,
  context: SamplingContext,
  regexes = new StopRegexes(),
): SamplingRequest {
  const unknown = Object.keys(params).find((key) => !Object.hasOwn(SAMPLING_FIELDS, key));
  if (unknown !== undefined)
    refuse(`sampling_params has an unknown key '${unknown.slice(0, 100)}'.`);
  const read = new FieldReader(describe(params, SAMPLING_FIELDS), 'INVALID_REQUEST');
  read.boolean('spaces_between_special_tokens');
  const request: SamplingRequest = {
    maxNewTokens: Object.hasOwn(params, 'max_new_tokens')
      ? read.integer('max_new_tokens')
      : DEFAULT_MAX_NEW_TOKENS,
    isMaxNewTokensExplicit: read.integer('max_new_tokens') !== null,
    minNewTokens: read.integer('min_new_tokens') ?? 0,
    temperature: read.number('temperature') ?? 1,
    topP: read.number('top_p') ?? 1,
    topK: read.integer('top_k') ?? -1,
    minP: read.number('min_p') ?? 0,
    frequencyPenalty: read.number('frequency_penalty') ?? 0,
    presencePenalty: read.number('presence_penalty') ?? 0,
    repetitionPenalty: read.number('repetition_penalty') ?? 1,
    stop: stopStrings(read),
    stopRegex: stopRegexes(read, regexes),
    stopTokenIds: stopTokenIds(read),
    noStopTrim: read.boolean('no_stop_trim') ?? false,
    ignoreEos: read.boolean('ignore_eos') ?? false,
    grammar: parseGrammar(read, context.hasTokenizer),
    maxThinkingTokens: thinkingBudget(read.raw('custom_params')),
    skipSpecialTokens: read.boolean('skip_special_tokens') ?? true,
    n: sampleCount(read),
    logitBias: logitBias(read, context.vocabSize),
    seed: parseSeed(read, 'sampling_seed'),
    streamInterval: positive(read, 'stream_interval'),
  };
  checkSamplingRanges(request);
  checkTokenizer(request, context);
  return resolveGreedy(request);
}

function resolveGreedy(request: SamplingRequest): SamplingRequest {
  const isGreedy = request.temperature < GREEDY_TEMPERATURE;
  const topK = request.topK === -1 ? TOP_K_ALL : request.topK;
  return { ...request, temperature: isGreedy ? 1 : request.temperature, topK: isGreedy ? 1 : topK };
}

function stopStrings(read: FieldReader): readonly string[] {
  const stops = (read.strings('stop') ?? []).filter((stop) => stop !== '');
  if (stops.length > MAX_STOPS) refuse(`stop must have at most ${MAX_STOPS} entries.`);
  if (stops.some((stop) => stop.length > MAX_STOP_LENGTH)) {
    refuse(`A stop string must have at most ${MAX_STOP_LENGTH} characters.`);
  }
  return stops;
}

function stopRegexes(read: FieldReader, regexes: StopRegexes): readonly StopRegex[] {
  const patterns = (read.strings('stop_regex') ?? []).filter((pattern) => pattern !== '');
  if (patterns.length > MAX_STOPS) refuse(`stop_regex must have at most ${MAX_STOPS} entries.`);
  return patterns.map((pattern) => {
    try {
      return regexes.compile(pattern);
    } catch (error) {
      if (error instanceof RegexSizeError) return refuse(error.message);
      if (!(error instanceof SyntaxError)) throw error;
      return refuse(`stop_regex '${pattern}' is not a valid regular expression: ${error.message}.`);
    }
  });
}

/** Null entries are dropped, as in SGLang. */
function stopTokenIds(read: FieldReader): readonly number[] {
  const value = read.raw('stop_token_ids');
  const list: unknown = Array.isArray(value) ? value.filter((id) => id !== null) : value;
  return (
    new FieldReader({ stop_token_ids: list }, 'INVALID_REQUEST').integers('stop_token_ids') ?? []
  );
}

/** An integer of 64 bits; {@link parseJsonObject} gives long ones as text. @throws RequestError */
export function parseSeed(read: FieldReader, name: string): number | bigint | null {
  const value = read.raw(name);
  if (typeof value !== 'string' || !/^-?\d{16,20}$/.test(value)) return read.integer(name);
  const seed = BigInt(value);
  if (BigInt.asIntN(64, seed) !== seed) refuse(`${name} must be in [-2^63, 2^63), got ${value}.`);
  return seed;
}

function sampleCount(read: FieldReader): number {
  const n = positive(read, 'n') ?? 1;
  if (n > MAX_PARALLEL_SAMPLES) refuse(`n must be at most ${MAX_PARALLEL_SAMPLES}, got ${n}.`);
  return n;
}

function positive(read: FieldReader, name: string): number | null {
  const value = read.integer(name);
  if (value !== null && value < 1) refuse(`${name} must be at least 1, got ${value}.`);
  return value;
}

/** Far above any logit, and a number in 32 bits still when the smallest temperature has divided it. */
const MAX_BIAS = 1e30;

function logitBias(read: FieldReader, vocabSize: number): readonly (readonly [number, number])[] {
  const value = read.raw('logit_bias');
  if (value === null) return [];
  if (!isObject(value)) return refuse('logit_bias must be an object of token ids and numbers.');
  return Object.entries(value).map(([key, bias]) => {
    const id = /^\d{1,10}$/.test(key) ? Number(key) : -1;
    if (id < 0 || id >= vocabSize) {
      refuse(`logit_bias must has keys in [0, ${vocabSize - 1}], got ${key.slice(0, 40)}.`);
    }
    if (typeof bias !== 'number' || !Number.isFinite(bias)) {
      return refuse(`logit_bias must have finite numbers as values, got ${JSON.stringify(bias)}.`);
    }
    if (Math.abs(bias) > MAX_BIAS) {
      return refuse(`logit_bias must have values in [-${MAX_BIAS}, ${MAX_BIAS}], got ${bias}.`);
    }
    return [id, bias] as const;
  });
}

function checkTokenizer(request: SamplingRequest, { hasTokenizer }: SamplingContext): void {
  if (hasTokenizer) return;
  const texts = [
    ['stop', request.stop],
    ['stop_regex', request.stopRegex.map(({ pattern }) => pattern)],
  ] as const;
  for (const [name, list] of texts) {
    if (list.length === 0) continue;
    const repr = list.map(pythonRepr).join(', ');
    refuse(
      `${name}=[${repr}] is unavailable when skip_tokenizer_init=True (requires tokenizer to decode tokens to text for matching).`,
    );
  }
}
