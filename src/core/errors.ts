/**
 * The one table of what can go wrong with a request: code → HTTP status and wire type.
 * Only this file knows statuses; messages are SGLang's where it has one.
 */
const ERRORS = {
  INVALID_REQUEST: { status: 400, type: 'BadRequestError' },
  PROMPT_TOO_LONG: { status: 400, type: 'BadRequestError' },
  INVALID_JSON: { status: 400, type: 'Bad Request' },
  UNAUTHORIZED: { status: 401, type: 'Unauthorized' },
  FORBIDDEN: { status: 403, type: 'Forbidden' },
  NOT_FOUND: { status: 404, type: 'NotFound' },
  METHOD_NOT_ALLOWED: { status: 405, type: 'MethodNotAllowed' },
  REQUEST_TIMEOUT: { status: 408, type: 'RequestTimeout' },
  BODY_TOO_LARGE: { status: 413, type: 'PayloadTooLarge' },
  UNSUPPORTED_MEDIA_TYPE: { status: 400, type: 'Bad Request' },
  DEVICE_FAILED: { status: 500, type: 'InternalServerError' },
  INTERNAL: { status: 500, type: 'InternalServerError' },
  NOT_IMPLEMENTED: { status: 501, type: 'NotImplemented' },
  TIMED_OUT: { status: 503, type: '503' },
  PRIORITY_DISABLED: { status: 503, type: '503' },
  QUEUE_FULL: { status: 503, type: '503' },
  BODIES_FULL: { status: 503, type: '503' },
  SHUTTING_DOWN: { status: 503, type: '503' },
  NO_DEVICE: { status: 503, type: '503' },
  LOADING: { status: 503, type: '503' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** A failure as a value: crosses threads by copy. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Thrown on the way from a request body to a submission; carries its {@link Failure}. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** A request that asks for what cannot be: SGLang's own checks. @throws RequestError INVALID_REQUEST, always */
export function refuse(message: string): never {
  throw new RequestError('INVALID_REQUEST', message);
}

/** A prompt, with the answer that it wants, beyond the context. @throws RequestError PROMPT_TOO_LONG, always */
export function refuseLong(message: string): never {
  throw new RequestError('PROMPT_TOO_LONG', message);
}

/** Whether SGLang's own checks refuse it, not those of a body's form. */
export function isRefusal(code: ErrorCode): boolean {
  return code === 'INVALID_REQUEST' || code === 'PROMPT_TOO_LONG';
}

/** A body of the wrong form: what FastAPI's validation refuses. @throws RequestError INVALID_JSON, always */
export function refuseBody(message: string): never {
  throw new RequestError('INVALID_JSON', message);
}

/** What was thrown on the way to a submission, as a value. Anything unexpected is ours: 500. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof RequestError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: 'Internal server error.' };
}

/** The failure as an exception again, for whoever awaits. */
export function asError({ code, message }: Failure): RequestError {
  return new RequestError(code, message);
}

/**
 * OpenAI's word for a prompt that is too long: its clients cut their conversation when they find it, some in the code of
 * an error, some in its text.
 */
export const CONTEXT_EXCEEDED = 'context_length_exceeded';

export function statusOf(code: ErrorCode): number {
  return ERRORS[code].status;
}

export function wireTypeOf(code: ErrorCode): string {
  return ERRORS[code].type;
}

/** Stops start-up with one sentence and exit code 1; never a stack trace. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
