import type { Headers } from '../http/http.js';

/** How one dialect puts the events of a stream on the wire. */
export interface Framing {
  readonly headers: Headers;
  /** One event, whose JSON is `json`; `value` is what it was made of. */
  readonly frame: (json: string, value: unknown) => string;
  /** What comes behind the last event. */
  readonly end: string;
}

const EVENT_STREAM: Headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
};

/** Server-sent events as SGLang frames them: `data:` lines only, and `[DONE]` last, always. */
export const DATA_EVENTS: Framing = {
  headers: EVENT_STREAM,
  frame: (json) => `data: ${json}\n\n`,
  end: 'data: [DONE]\n\n',
};

/** Server-sent events that are named by their `type`, as Anthropic and OpenAI's Responses have them. */
export const NAMED_EVENTS: Framing = {
  headers: EVENT_STREAM,
  frame: (json, value) => `event: ${typeOf(value)}\ndata: ${json}\n\n`,
  end: '',
};

/** One JSON object a line, as Ollama streams. */
export const JSON_LINES: Framing = {
  headers: { 'content-type': 'application/x-ndjson' },
  frame: (json) => `${json}\n`,
  end: '',
};

function typeOf(value: unknown): string {
  const type: unknown = (value as { readonly type?: unknown } | null)?.type;
  return typeof type === 'string' ? type : 'error';
}
