import { CONTEXT_EXCEEDED, statusOf, wireTypeOf, type Failure } from '../core/errors.js';

/** What a request, or the loading of a model, failed with: the fields that OpenAI's packages give their errors. */
export class RadishError extends Error {
  override readonly name = 'RadishError';
  /** The HTTP status that the same request would have had: 400 = the request is wrong, 503 = not now, 500 = ours. */
  readonly status: number;
  /** SGLang's word for it: `BadRequestError`, `InternalServerError`, … */
  readonly type: string;
  /** The status, or `context_length_exceeded`, `invalid_option`, `startup_failed`. */
  readonly code: number | string;
  /** What was wrong, where that has a name. */
  readonly param: string | null;

  constructor(message: string, fields: RadishErrorFields, options?: ErrorOptions) {
    super(message, options);
    this.status = fields.status;
    this.type = fields.type;
    this.code = fields.code;
    this.param = fields.param;
  }
}

export interface RadishErrorFields {
  readonly status: number;
  readonly type: string;
  readonly code: number | string;
  readonly param: string | null;
}

/** A request's failure. `cause` is what was thrown where it is a bug of ours. */
export function errorOf({ code, message }: Failure, cause?: unknown): RadishError {
  const status = statusOf(code);
  const type = wireTypeOf(status === 400 ? 'INVALID_REQUEST' : code);
  const fields = {
    status,
    type,
    code: code === 'PROMPT_TOO_LONG' ? CONTEXT_EXCEEDED : status,
    param: null,
  };
  return new RadishError(message, fields, code === 'INTERNAL' ? { cause } : {});
}

/** An option that cannot be. */
export function optionError(message: string, param: string | null): RadishError {
  const fields = {
    status: 400,
    type: wireTypeOf('INVALID_REQUEST'),
    code: 'invalid_option',
    param,
  };
  return new RadishError(message, fields);
}

/** A model that cannot be loaded, a port that cannot be had. */
export function startupError(message: string): RadishError {
  const fields = { status: 500, type: 'StartupError', code: 'startup_failed', param: null };
  return new RadishError(message, fields);
}
