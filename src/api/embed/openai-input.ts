import { refuse, refuseBody } from '../../core/errors.js';
import { isInteger, isIntegers, preview } from '../../http/field-reader.js';
import { isObject } from '../../http/json.js';
import type { EmbedSource } from '../../engine/prepare-texts.js';

/**
 * `input` of `/v1/embeddings` and `/v1/classify`: a text, a list of texts, a list of token ids or a list
 * of such lists; messages are SGLang's. @throws RequestError
 */
export function parseInput(input: unknown): readonly EmbedSource[] {
  if (input === null) return refuseBody('input: Field required');
  if (typeof input === 'string') return [textSource(input)];
  if (!Array.isArray(input)) return wrongType(input);
  const list: readonly unknown[] = input;
  const [first] = list;
  if (list.length === 0) refuse('Input cannot be empty');
  if (typeof first === 'string') return list.map(listedText);
  if (typeof first === 'number') return [{ kind: 'ids', ids: list.map(listedId) }];
  if (Array.isArray(first)) return list.map(listedIds);
  return isObject(first) ? list.map(listedPart) : wrongType(first);
}

function textSource(text: string): EmbedSource {
  if (text === '') refuse('Input cannot be empty');
  if (text.trim() === '') refuse('Input cannot be empty or whitespace only');
  return { kind: 'text', text };
}

function listedText(text: unknown, index: number): EmbedSource {
  if (typeof text !== 'string') return refuse('All items in input list must be strings');
  if (text.trim() === '') refuse(`Input at index ${index} cannot be empty or whitespace only`);
  return { kind: 'text', text };
}

function listedId(id: unknown, index: number): number {
  if (!isInteger(id)) return refuse('All items in input list must be integers');
  if (id < 0) refuse(`Token ID at index ${index} must be non-negative`);
  return id;
}

function listedIds(ids: unknown, index: number): EmbedSource {
  if (!Array.isArray(ids)) return refuse(`Input at index ${index} must be a list`);
  if (ids.length === 0) refuse(`Input at index ${index} cannot be empty`);
  if (!isIntegers(ids)) return refuse(`Input at index ${index} must contain only integers`);
  if (ids.some((id) => id < 0)) refuse(`Input at index ${index} contains negative token IDs`);
  return { kind: 'ids', ids };
}

/** `{"text": …}`: the multimodal form, of which only the text can be read here. */
function listedPart(part: unknown, index: number): EmbedSource {
  if (!isObject(part)) return wrongType(part);
  const { text, ...others } = part;
  const media = Object.entries(others).find(([, value]) => value !== null);
  if (media !== undefined) refuse(`${media[0]} was given, but this model takes only text.`);
  return listedText(text, index);
}

function wrongType(value: unknown): never {
  return refuseBody(`input must be a text, token ids, or a list of these, got ${preview(value)}.`);
}
