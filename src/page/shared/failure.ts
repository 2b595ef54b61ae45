import { isObject, objectOf, parsed, textOf } from './json.js';

/** The server refused or failed, and said why. */
export class ServerError extends Error {
  /** HTTP's; 0 = it was not reached. */
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** What was being told has no end. */
export function connectionLost(): ServerError {
  return new ServerError(0, 'The connection to the server was lost.');
}

/** The sentence in an answer that is an error, in any of the shapes that the server has for it. */
export function sentenceIn(body: string, status: number): string {
  const value = parsed(body);
  const { error, message, detail } = objectOf(value);
  const inner = isObject(error) ? textOf(error['message']) : textOf(error);
  const sentence = inner || textOf(message) || textOf(detail);
  return sentence || (value === undefined ? body.trim().slice(0, 400) : '') || `HTTP ${status}`;
}

/** For a line that shows it. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}
