import { randomUUID } from 'node:crypto';

import { refuse, refuseBody } from '../../core/errors.js';
import { FieldReader, isIntegers, isStrings } from '../../http/field-reader.js';
import type { JsonObject } from '../../http/json.js';
import { parseLoraPaths } from '../native/lora-fields.js';
import { resolveRids } from '../native/rid-fields.js';
import { parseUnobserved } from '../native/request-fields.js';
import { checkUnsupportedFields } from '../native/unsupported-fields.js';
import type { EmbedJob } from './embed.js';
import type { EmbedSource } from '../../engine/prepare-texts.js';

/** A body of `/encode` or `/classify`. */
export interface EncodeRequest extends EmbedJob {
  /** A list, even of one text, gives an array response. */
  readonly isBatch: boolean;
  readonly dimensions: number | null;
  readonly returnPromptTokenIds: boolean;
}

interface Sources {
  readonly sources: readonly EmbedSource[];
  readonly isBatch: boolean;
}

/** @throws RequestError with the first error, in SGLang's order */
export function parseEncodeRequest(body: JsonObject): EncodeRequest {
  const read = new FieldReader(body, 'INVALID_JSON');
  const text = read.raw('text');
  const inputIds = read.raw('input_ids');
  checkUnsupportedFields(read);
  if (text === null && inputIds === null) {
    refuse('At least one of text, input_ids, or image should be provided');
  }
  if (text !== null && inputIds !== null) {
    refuse('text and input_ids cannot be provided at the same time');
  }
  const isPairs = read.boolean('is_cross_encoder_request') ?? false;
  const { sources, isBatch } = text === null ? idSources(inputIds) : textSources(text, isPairs);
  if (read.boolean('return_pooled_hidden_states') === true) {
    refuse('return_pooled_hidden_states is not supported by this version of the server.');
  }
  parseLoraPaths(read, sources.length, false);
  const shape = { numPrompts: sources.length, isBatch, n: 1 };
  return {
    sources,
    isBatch,
    rids: resolveRids(read.raw('rid'), shape, randomUUID).flat(),
    ...parseUnobserved(read),
    dimensions: read.integer('dimensions'),
    returnPromptTokenIds: read.boolean('return_prompt_token_ids') ?? false,
  };
}

function textSources(text: unknown, isPairs: boolean): Sources {
  if (typeof text === 'string') return { sources: [{ kind: 'text', text }], isBatch: false };
  if (isStrings(text) && text.length > 0 && !isPairs) {
    return { sources: text.map((one) => ({ kind: 'text', text: one })), isBatch: true };
  }
  if (!Array.isArray(text)) return refuseBody('text must be a string or a list.');
  if (text.length === 0) refuse('text cannot be empty.');
  return { sources: text.map(pairOf), isBatch: true };
}

function pairOf(value: unknown): EmbedSource {
  const [first, second] = isStrings(value) && value.length === 2 ? value : [];
  if (first === undefined || second === undefined) {
    return refuseBody('text must be a string, a list of strings or a list of pairs of strings.');
  }
  return { kind: 'pair', first, second };
}

function idSources(inputIds: unknown): Sources {
  if (!Array.isArray(inputIds)) {
    return refuseBody('input_ids must be a list of integers or a list of lists.');
  }
  const list: readonly unknown[] = inputIds;
  if (list.length === 0) refuse('input_ids cannot be empty.');
  if (isIntegers(list)) return { sources: [{ kind: 'ids', ids: list }], isBatch: false };
  const sources = list.map((ids): EmbedSource => {
    if (!isIntegers(ids)) return refuseBody('input_ids must contain only integers.');
    if (ids.length === 0) refuse('input_ids cannot be empty.');
    return { kind: 'ids', ids };
  });
  return { sources, isBatch: true };
}
