import { refuse, RequestError } from '../../core/errors.js';
import { FieldReader } from '../../http/field-reader.js';
import type { JsonObject } from '../../http/json.js';

const MAX_SHOWN = 200;

/** As Ollama lists a model: with a tag, which is `latest` where the name has none. */
export function tagged(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.includes(':') ? name : `${name}:latest`;
}

/** `model`, or `name` as older clients call it. @throws RequestError */
export function modelNameOf(body: JsonObject): string {
  const read = new FieldReader(body, 'INVALID_JSON');
  const name = read.string('model') ?? '';
  const found = name === '' ? (read.string('name') ?? '') : name;
  return found === '' ? refuse('model is required') : found;
}

/** Whether a name, with its tag or without it, is that of the served model. Case does not matter in Ollama. */
export function isServed(name: string, servedName: string): boolean {
  return tagged(name).toLowerCase() === tagged(servedName).toLowerCase();
}

/** @throws RequestError NOT_FOUND for every name but the served model's */
export function checkServed(name: string, servedName: string): void {
  if (isServed(name, servedName)) return;
  throw new RequestError('NOT_FOUND', `model '${name.slice(0, MAX_SHOWN)}' not found`);
}

/** What Ollama says of a model that lacks what a request needs. @throws RequestError, always */
export function refuseAbility(name: string, ability: string): never {
  return refuse(`${JSON.stringify(name.slice(0, MAX_SHOWN))} does not support ${ability}`);
}
