import { refuse } from '../../core/errors.js';
import type { LogprobRequest } from '../../engine/request.js';
import { FieldReader, isIntegers } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';

/** Best entries per position that a request may ask for. */
export const MAX_TOP_LOGPROBS = 256;
export const MAX_TOKEN_IDS_LOGPROB = 1024;

export interface BatchShape {
  readonly numPrompts: number;
  readonly isBatch: boolean;
  /** Samples per prompt. */
  readonly n: number;
}

/** One entry per prompt, null where no log-probabilities are wanted. @throws RequestError */
export function parseLogprobFields(
  body: JsonObject,
  shape: BatchShape,
  vocabSize: number,
): readonly (LogprobRequest | null)[] {
  const wanted = perPrompt(body, shape, 'return_logprob', 'boolean');
  const startLens = perPrompt(body, shape, 'logprob_start_len', 'integer');
  const topNums = perPrompt(body, shape, 'top_logprobs_num', 'integer');
  const tokenIds = tokenIdsPerPrompt(body, shape, vocabSize);
  return wanted.map((isWanted, i) => {
    const startLen = startLens[i] ?? -1;
    const topNum = topNums[i] ?? 0;
    if (startLen < -1) refuse(`logprob_start_len must be at least -1, got ${startLen}.`);
    if (topNum < 0 || topNum > MAX_TOP_LOGPROBS) {
      refuse(`top_logprobs_num must be in [0, ${MAX_TOP_LOGPROBS}], got ${topNum}.`);
    }
    return isWanted === true ? { startLen, topNum, tokenIds: tokenIds[i] ?? [] } : null;
  });
}

interface Types {
  readonly boolean: boolean;
  readonly integer: number;
}

/** A plain value is meant for every prompt; a list has one value per prompt. */
function perPrompt<K extends keyof Types>(
  body: JsonObject,
  shape: BatchShape,
  name: string,
  type: K,
): readonly (Types[K] | null)[] {
  const value = fieldOf(body, name);
  const readOne = (one: unknown): Types[K] | null =>
    new FieldReader({ [name]: one }, 'INVALID_JSON')[type](name) as Types[K] | null;
  if (!Array.isArray(value) || !shape.isBatch) {
    const one = readOne(value);
    return Array.from({ length: shape.numPrompts }, () => one);
  }
  checkList(value, shape, name);
  return value.map(readOne);
}

function tokenIdsPerPrompt(
  body: JsonObject,
  shape: BatchShape,
  vocabSize: number,
): readonly (readonly number[])[] {
  const value = fieldOf(body, 'token_ids_logprob');
  const isNested = Array.isArray(value) && value.some((item) => Array.isArray(item));
  if (!isNested || !shape.isBatch) {
    const ids = flatIds(value, vocabSize);
    return Array.from({ length: shape.numPrompts }, () => ids);
  }
  checkList(value, shape, 'token_ids_logprob');
  return value.map((ids: unknown) => flatIds(ids, vocabSize));
}

function flatIds(value: unknown, vocabSize: number): readonly number[] {
  if (value === null) return [];
  if (!isIntegers(value)) return refuse('token_ids_logprob must be a flat list of integers.');
  const outside = value.find((id) => id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    refuse(
      `token_ids_logprob contains out-of-vocabulary token id ${outside}; valid range is [0, ${vocabSize}).`,
    );
  }
  if (value.length > MAX_TOKEN_IDS_LOGPROB) {
    refuse(`token_ids_logprob may have at most ${MAX_TOKEN_IDS_LOGPROB} ids.`);
  }
  return value;
}

function checkList(list: readonly unknown[], shape: BatchShape, name: string): void {
  if (shape.n > 1) refuse(`Cannot use list ${name} with parallel_sample_num > 1`);
  if (list.length !== shape.numPrompts) {
    refuse(`The length of ${name} should be equal to the batch size.`);
  }
}
