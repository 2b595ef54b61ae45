import { isRefusal, statusOf, wireTypeOf, type Failure } from '../../core/errors.js';
import {
  acceptedErrorResponse,
  errorFields,
  errorResponse,
  flatError,
  tooLongFields,
} from '../../http/error-response.js';
import { jsonResponse, type FullResponse } from '../../http/http.js';
import type { FailureSpelling } from '../http-answer.js';

/** Failures as SGLang's OpenAI routes have them: flat, where the native ones nest them. */
export const OPENAI_SPELLING: FailureSpelling = {
  refused: (failure) => (isRefusal(failure.code) ? badRequest(failure) : errorResponse(failure)),
  failed: (failure) =>
    statusOf(failure.code) === 400 ? badRequest(failure) : acceptedErrorResponse(failure),
  streamed: ({ code, message }) => {
    const status = statusOf(code);
    const type = status === 503 ? 'SERVICE_UNAVAILABLE' : wireTypeOf(code);
    return { error: { object: 'error', ...errorFields(status, type, message) } };
  },
};

function badRequest({ code, message }: Failure): FullResponse {
  const type = wireTypeOf('INVALID_REQUEST');
  const fields = code === 'PROMPT_TOO_LONG' ? tooLongFields : errorFields;
  return jsonResponse(400, flatError(400, type, message, fields(400, type, message)));
}
