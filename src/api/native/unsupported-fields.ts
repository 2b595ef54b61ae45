import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';
import { isObject } from '../../http/json.js';

/** What asks for a part of the answer that is not there, or for another way to it. */
export const UNKNOWN_WISHES = [
  'return_routed_experts',
  'return_indexer_topk',
  'return_sampling_mask',
  'return_flat_raw_top_logprobs',
  'return_flat_raw_top_logprobs_b64',
  'return_entropy',
  'return_bytes',
] as const;

export const MEDIA = ['image_data', 'video_data', 'audio_data'] as const;

/** What SGLang has behind a flag, by the words in which it says that the flag is not set. */
export const NOT_CONFIGURED: Readonly<Record<string, string>> = {
  custom_logit_processor:
    'The server is not configured to enable custom logit processor. Please set `--enable-custom-logit-processor` to enable this feature.',
};

/** What this server cannot do is an error, never silently left out. @throws RequestError */
export function checkUnsupportedFields(read: FieldReader): void {
  for (const name of MEDIA) {
    if (isGiven(read.raw(name))) refuse(`${name} was given, but this model takes only text.`);
  }
  checkSession(read);
  for (const [name, words] of Object.entries(NOT_CONFIGURED)) {
    if (isGiven(read.raw(name))) refuse(words);
  }
  for (const name of UNKNOWN_WISHES) {
    if (isGiven(read.raw(name))) refuse(`${name} is not supported by this version of the server.`);
  }
}

function checkSession(read: FieldReader): void {
  const params = read.raw('session_params');
  if (!isObject(params)) return;
  if (read.raw('session_id') !== null) {
    refuse('session_id and session_params cannot both be set.');
  }
}

/** Null, false, "" and empty lists ask for nothing. */
function isGiven(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isGiven);
  return value !== null && value !== false && value !== '';
}
