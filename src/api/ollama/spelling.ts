import type { Failure } from '../../core/errors.js';
import { errorResponse } from '../../http/error-response.js';
import type { FullResponse } from '../../http/http.js';
import { JSON_LINES } from '../framing.js';
import type { Dialect } from '../http-answer.js';

/** `{"error": "text"}` with the failure's status. */
export function ollamaError(failure: Failure): FullResponse {
  return { ...errorResponse(failure), body: JSON.stringify(shown(failure)) };
}

/** Ollama's way over HTTP: streams of JSON lines, whose last one is the error where they fail. */
export const OLLAMA: Dialect = {
  refused: ollamaError,
  failed: ollamaError,
  streamed: shown,
  framing: JSON_LINES,
};

function shown({ message }: Failure): unknown {
  return { error: message };
}
