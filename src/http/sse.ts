import type { Headers } from './http.js';

/** Server-sent events as SGLang frames them: `data:` lines only, and `[DONE]` last, always. */
export const SSE_HEADERS: Headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
};

export const SSE_DONE = 'data: [DONE]\n\n';

export function sseFrame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
