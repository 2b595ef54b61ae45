import {
  RequestError,
  statusOf,
  wireTypeOf,
  type ErrorCode,
  type Failure,
} from '../../core/errors.js';
import { errorFields, errorResponse, tooLongFields } from '../../http/error-response.js';
import { jsonResponse, type FullResponse } from '../../http/http.js';
import type { FailureSpelling } from '../http-answer.js';

/** A refusal that names the field it is about. */
export class ParamError extends RequestError {
  constructor(
    code: ErrorCode,
    message: string,
    /** The field, as a path: `input[2].content`. */
    readonly param: string,
  ) {
    super(code, message);
  }
}

/** A value that cannot be. @throws ParamError INVALID_REQUEST, always */
export function refuseParam(param: string, message: string): never {
  throw new ParamError('INVALID_REQUEST', message, param);
}

/** A field of the wrong form. @throws ParamError INVALID_JSON, always */
export function refuseForm(param: string, message: string): never {
  throw new ParamError('INVALID_JSON', message, param);
}

/** What is not there, or is another key's. @throws ParamError NOT_FOUND, always */
export function notFound(param: string, message: string): never {
  throw new ParamError('NOT_FOUND', message, param);
}

/** OpenAI's and SGLang's types where they are not the words of the status. */
const TYPES: Partial<Record<ErrorCode, string>> = {
  INVALID_REQUEST: 'invalid_request_error',
  PROMPT_TOO_LONG: 'invalid_request_error',
  NOT_FOUND: 'invalid_request_error',
  METHOD_NOT_ALLOWED: 'Method Not Allowed',
  UNAUTHORIZED: 'Unauthorized',
  QUEUE_FULL: 'Service Unavailable',
  BODIES_FULL: 'Service Unavailable',
  SHUTTING_DOWN: 'Service Unavailable',
  NO_DEVICE: 'Service Unavailable',
  TIMED_OUT: 'Service Unavailable',
  DEVICE_FAILED: 'server_error',
  INTERNAL: 'server_error',
};

/** OpenAI's word, by which its clients begin a chain anew. */
const PREVIOUS_NOT_FOUND = 'previous_response_not_found';

/** OpenAI's error object, `code` being its word where its clients act on that, else the HTTP status as in SGLang. */
export interface ErrorObject {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: number | string;
}

export function errorObject({ code, message }: Failure, param: string | null = null): ErrorObject {
  const fields = code === 'PROMPT_TOO_LONG' ? tooLongFields : errorFields;
  const error = fields(statusOf(code), TYPES[code] ?? wireTypeOf(code), message);
  const isPrevious = code === 'NOT_FOUND' && param === 'previous_response_id';
  return { ...error, param, ...(isPrevious ? { code: PREVIOUS_NOT_FOUND } : {}) };
}

/** A failure as an HTTP response: OpenAI's error object, nested, and the headers that its status brings. */
export function responsesError(failure: Failure, param: string | null = null): FullResponse {
  const { headers, close } = errorResponse(failure);
  const response = jsonResponse(statusOf(failure.code), { error: errorObject(failure, param) });
  return {
    ...response,
    headers: { ...headers, ...response.headers },
    ...(close === undefined ? {} : { close }),
  };
}

/** Failures as SGLang and OpenAI nest them on `/v1/responses`. */
export const RESPONSES_SPELLING: FailureSpelling = {
  refused: (failure) => responsesError(failure),
  failed: (failure) => responsesError(failure),
  streamed: (failure) => ({ type: 'error', error: errorObject(failure) }),
};
