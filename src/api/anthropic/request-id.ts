import { randomUUID } from 'node:crypto';

import type { FullResponse, Headers, HttpReply } from '../../http/http.js';

/** Anthropic's header, by which its clients name a request. */
const REQUEST_ID = 'request-id';

export function newId(prefix: 'msg' | 'req'): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

/** The response with its request's id in its head. */
export function withRequestId(response: FullResponse, id: string): FullResponse {
  return { ...response, headers: headed(response.headers ?? {}, id) };
}

/** `reply`, whose responses and streams all carry the id. */
export function replyWithId(reply: HttpReply, id: string): HttpReply {
  return {
    get isClosed() {
      return reply.isClosed;
    },
    noteFailure: (status, sentence) => {
      reply.noteFailure(status, sentence);
    },
    onClientLeft: (listener) => {
      reply.onClientLeft(listener);
    },
    send: (response) => {
      reply.send(withRequestId(response, id));
    },
    startStream: (headers) => reply.startStream(headed(headers, id)),
  };
}

function headed(headers: Headers, id: string): Headers {
  return { ...headers, [REQUEST_ID]: id };
}
