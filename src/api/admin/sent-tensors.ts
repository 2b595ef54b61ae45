import { RequestError } from '../../core/errors.js';
import type { SentAdapter, WeightOrigin } from '../../engine/control.js';
import { isStrings, type FieldReader } from '../../http/field-reader.js';
import { isObject } from '../../http/json.js';

/** Base64 of about 190 MB of tensors; more go in several requests, each of which changes what it names. */
export const TENSOR_BODY_BYTES = 256 * 1024 * 1024;

const LOAD_FORMATS: ReadonlySet<string> = new Set(['auto', 'safetensors']);

/**
 * `serialized_named_tensors` of `/update_weights_from_tensor`: base64 of safetensors files. SGLang's are pickles,
 * which this server never opens. @throws RequestError
 */
export function parseSentTensors(read: FieldReader): WeightOrigin {
  requireFormat(read);
  read.boolean('flush_cache');
  const parts = read.raw('serialized_named_tensors');
  if (!isStrings(parts) || parts.length === 0) {
    throw new RequestError(
      'INVALID_JSON',
      'serialized_named_tensors must be a list of base64 strings.',
    );
  }
  return { kind: 'tensors', parts: parts.map(decode) };
}

/** `serialized_named_tensors` of `/load_lora_adapter_from_tensors`, one file for the one rank. @throws RequestError */
export function parseSentAdapter(read: FieldReader): SentAdapter {
  requireFormat(read);
  const config = read.raw('config_dict');
  if (!isObject(config)) throw new RequestError('INVALID_JSON', 'config_dict must be an object.');
  const older = read.string('serialized_tensors');
  const parts = older === null ? read.raw('serialized_named_tensors') : [older];
  if (!isStrings(parts) || parts.length !== 1) {
    throw new RequestError(
      'INVALID_JSON',
      'serialized_named_tensors must be a list of one base64 string.',
    );
  }
  const [weights = new Uint8Array()] = parts.map(decode);
  return { config, weights };
}

function requireFormat(read: FieldReader): void {
  const format = read.string('load_format');
  if (format === null || LOAD_FORMATS.has(format)) return;
  throw new RequestError('INVALID_JSON', `Unknown load_format=${format.slice(0, 80)}`);
}

function decode(text: string, index: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  const numDigits = text.replace(/=+$/, '').length;
  // Node skips what is no digit.
  if (bytes.length === Math.floor((numDigits * 3) / 4)) return bytes;
  throw new RequestError('INVALID_JSON', `serialized_named_tensors[${index}] is not base64.`);
}
