import { statusOf, type ErrorCode, type Failure } from '../../core/errors.js';
import { errorResponse } from '../../http/error-response.js';
import { jsonResponse, type FullResponse } from '../../http/http.js';
import { NAMED_EVENTS } from '../framing.js';
import type { Dialect } from '../http-answer.js';
import { newId, withRequestId } from './request-id.js';

const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  408: 'timeout_error',
  413: 'request_too_large',
  529: 'overloaded_error',
};

/** Anthropic's own status, for too much work: its clients try again after 503 and 529 alike, but know this one. */
const OVERLOADED = 529;
const BUSY: ReadonlySet<ErrorCode> = new Set(['QUEUE_FULL', 'BODIES_FULL']);

/** What clients tell an error's cause by. */
interface ErrorDetails {
  readonly error_code: string;
  readonly [name: string]: unknown;
}

/** How the answer of request `id` spells failures and streams. */
export function dialectOf(id: string): Dialect {
  const whole = (failure: Failure): FullResponse => failureResponse(failure, id);
  return {
    refused: whole,
    failed: whole,
    streamed: (failure) => errorBody(failure, id),
    framing: NAMED_EVENTS,
  };
}

/** What fails before a handler has it. */
export function routeError(failure: Failure): FullResponse {
  const id = newId('req');
  return withRequestId(failureResponse(failure, id), id);
}

/** With what every error of this server does to its connection, and says of another try. */
export function failureResponse(
  failure: Failure,
  id: string,
  details: ErrorDetails | null = null,
): FullResponse {
  const plain = errorResponse(failure);
  const shaped = jsonResponse(statusFor(failure.code), errorBody(failure, id, details));
  return { ...plain, ...shaped, headers: { ...plain.headers, ...shaped.headers } };
}

function errorBody(
  { code, message }: Failure,
  id: string,
  details: ErrorDetails | null = null,
): unknown {
  const type = TYPE_OF_STATUS[statusFor(code)] ?? 'api_error';
  const error = details === null ? { type, message } : { type, message, details };
  return { type: 'error', error, request_id: id };
}

function statusFor(code: ErrorCode): number {
  return BUSY.has(code) ? OVERLOADED : statusOf(code);
}
