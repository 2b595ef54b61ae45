import type { RequestError } from '../../core/errors.js';
import type { AbortReason } from '../../core/finish-reason.js';
import { abortResponse, errorResponse, flatError } from '../../http/error-response.js';
import { jsonResponse, type FullResponse } from '../../http/http.js';

const BAD_REQUEST = 'BadRequestError';

/** A refusal in the shape of SGLang's OpenAI routes: flat, where the native ones nest it. */
export function openAiError({ code, message }: RequestError): FullResponse {
  if (code !== 'INVALID_REQUEST') return errorResponse({ code, message });
  return jsonResponse(400, flatError(400, BAD_REQUEST, message));
}

/** A request that failed after its acceptance, when nothing of the answer is out yet. */
export function openAiAbort(reason: AbortReason): FullResponse {
  if (reason.status_code !== 400) return abortResponse(reason);
  return jsonResponse(400, flatError(400, BAD_REQUEST, reason.message));
}

/** The last frame of a stream whose request failed half-way. */
export function streamError({ message, status_code, err_type }: AbortReason): unknown {
  const status = status_code ?? 500;
  const type = status === 503 ? 'SERVICE_UNAVAILABLE' : (err_type ?? 'InternalServerError');
  return { error: flatError(status, type, message) };
}
