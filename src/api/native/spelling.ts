import { acceptedErrorResponse, errorResponse } from '../../http/error-response.js';
import type { FailureSpelling } from '../http-answer.js';

/** Failures as SGLang's native routes have them. */
export const NATIVE_SPELLING: FailureSpelling = {
  refused: errorResponse,
  failed: acceptedErrorResponse,
  streamed: ({ message }) => ({ error: { message } }),
};
