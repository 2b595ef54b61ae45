import {
  CONTEXT_EXCEEDED,
  statusOf,
  wireTypeOf,
  type ErrorCode,
  type Failure,
} from '../core/errors.js';
import { jsonResponse, type FullResponse } from './http.js';

/** Seconds after which a client may try again when the server is full or going away. */
const RETRY_AFTER_S = 1;

/** Connections whose request was not read to its end cannot be used again. */
const UNREAD: ReadonlySet<ErrorCode> = new Set([
  'REQUEST_TIMEOUT',
  'BODY_TOO_LARGE',
  'BODIES_FULL',
]);

/** Renders a failure in the shape that SGLang gives it on its native routes. */
export function errorResponse(failure: Failure): FullResponse {
  const status = statusOf(failure.code);
  const response = jsonResponse(status, errorBody(failure));
  const closing = { ...response, close: UNREAD.has(failure.code) };
  return status === 503 ? withRetryAfter(closing) : closing;
}

function errorBody({ code, message }: Failure): unknown {
  switch (code) {
    case 'INVALID_REQUEST':
    case 'PROMPT_TOO_LONG':
      return { error: { message } };
    case 'UNAUTHORIZED':
      return { error: 'Unauthorized' };
    case 'NOT_FOUND':
    case 'METHOD_NOT_ALLOWED':
      return { detail: message, error: errorFields(statusOf(code), wireTypeOf(code), message) };
    default:
      return flatError(statusOf(code), wireTypeOf(code), message);
  }
}

/**
 * SGLang's flat error object, and beside it OpenAI's own nested one: clients of SGLang match on the first, and
 * the JavaScript packages show nothing but the second ("400 status code (no body)" without it).
 */
export function flatError(
  status: number,
  type: string,
  message: string,
  nested: ErrorFields = errorFields(status, type, message),
): unknown {
  return { object: 'error', ...errorFields(status, type, message), error: nested };
}

/** OpenAI's four fields of an error, `code` being the HTTP status as in SGLang. */
export function errorFields(status: number, type: string, message: string): ErrorFields {
  return { message, type, param: null, code: status };
}

/** The same for a prompt that is too long, with OpenAI's word for it in code and text. */
export function tooLongFields(status: number, type: string, message: string): ErrorFields {
  const fields = errorFields(status, type, `${message} (${CONTEXT_EXCEEDED})`);
  return { ...fields, code: CONTEXT_EXCEEDED };
}

interface ErrorFields {
  readonly message: string;
  readonly type: string;
  readonly param: null;
  readonly code: number | string;
}

/** A request that failed after its acceptance, when nothing of the answer is out yet. */
export function acceptedErrorResponse({ code, message }: Failure): FullResponse {
  const status = statusOf(code);
  if (status === 400) return errorResponse({ code: 'INVALID_REQUEST', message });
  const response = jsonResponse(status, flatError(status, String(status), message));
  return status === 503 ? withRetryAfter(response) : response;
}

function withRetryAfter(response: FullResponse): FullResponse {
  return { ...response, headers: { ...response.headers, 'retry-after': String(RETRY_AFTER_S) } };
}
