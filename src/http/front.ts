import { BodyReader } from './body.js';
import { errorResponse } from './error-response.js';
import { readHead, type RequestHead } from './head.js';
import type { FullResponse } from './http.js';
import type { NativeBody, NativeResponse } from './native.js';
import type { OriginRules } from './origin.js';
import { Reply } from './reply.js';
import { requestIdOf } from './request-id.js';
import type { RequestHandler, ServerOptions } from './server.js';
import type { SocketEndpoint, UpgradeDecision } from './socket.js';

/** A request as an engine's parser gives it. */
export interface ParsedRequest {
  /** As sent, in any case. */
  readonly method: string;
  readonly path: string;
  /** What follows the question mark. */
  readonly query: string;
  /** In the order in which they came, with lower-case names. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** An open socket, as the log names it. */
export interface OpenedSocket {
  readonly path: string;
  /** `x-request-id` of its upgrade. */
  readonly id: string;
}

export type FrontDecision =
  | Extract<UpgradeDecision, { kind: 'refuse' }>
  | (Extract<UpgradeDecision, { kind: 'accept' }> & Pick<OpenedSocket, 'id'>);

/** Everybody may ask, and no page reads the answer. */
const NO_RULES: OriginRules = {
  refusal: () => null,
  corsHeaders: () => ({}),
  isLocal: () => false,
};

/** What every engine does with what it has parsed: what no route needs to be asked for, then the handler. */
export class Front {
  readonly #handle: RequestHandler;
  readonly #origins: OriginRules;
  readonly #bodies = new BodyReader();
  readonly #onFailed: ServerOptions['onFailed'];

  constructor({ handle, origins = NO_RULES, onFailed }: ServerOptions) {
    this.#handle = handle;
    this.#origins = origins;
    this.#onFailed = onFailed;
  }

  /** @returns whether the connection may go on: false = where the request ends is in doubt. */
  accept(parsed: ParsedRequest, native: NativeResponse & NativeBody): boolean {
    const head = readHead(parsed.fields);
    const { headers } = head;
    const method = parsed.method.toUpperCase();
    const reply = this.#replyTo({ ...parsed, method }, head, native);
    const refused = this.#refusalOf(head);
    if (refused !== null) {
      reply.send(refused);
      return head.fault === null;
    }
    const length = headers.get('content-length');
    const request = {
      method,
      path: parsed.path,
      query: new URLSearchParams(parsed.query),
      headers,
      readBody: (maxBytes?: number) =>
        this.#bodies.read(native, {
          maxBytes,
          announcedBytes: length === undefined ? null : Number(length),
          onClientLeft: (listener) => {
            reply.onClientLeft(listener);
          },
        }),
    };
    this.#handle(request, reply);
    return true;
  }

  /** Whether a socket may be opened. */
  decide(parsed: ParsedRequest, endpoint: SocketEndpoint): FrontDecision {
    const head = readHead(parsed.fields);
    const refused = this.#refusalOf(head);
    if (refused !== null) return { kind: 'refuse', response: refused };
    const { path, query } = parsed;
    const id = requestIdOf(head.headers);
    const decision = endpoint.decide({
      method: 'GET',
      path,
      query: new URLSearchParams(query),
      headers: head.headers,
      id,
    });
    return decision.kind === 'refuse' ? decision : { ...decision, id };
  }

  /** The library itself cut a socket off. @param code the close code that says why, where it sends one */
  noteCut({ path, id }: OpenedSocket, code: number, sentence: string): void {
    this.#onFailed?.({ status: code, method: 'WS', path, id, sentence });
  }

  /** Answers an upgrade that was refused. */
  refuse(parsed: ParsedRequest, native: NativeResponse, response: FullResponse): void {
    this.#replyTo(parsed, readHead(parsed.fields), native).send(response);
  }

  #replyTo(
    { method, path }: ParsedRequest,
    { headers }: RequestHead,
    native: NativeResponse,
  ): Reply {
    const id = requestIdOf(headers);
    return new Reply(native, {
      isHead: method === 'HEAD',
      extraHeaders: { ...this.#origins.corsHeaders(headers), 'x-request-id': id },
      onFailed: (status, sentence) => {
        if (sentence !== '') this.#onFailed?.({ status, method, path, id, sentence });
      },
    });
  }

  #refusalOf({ headers, fault }: RequestHead): FullResponse | null {
    if (fault !== null) return fault;
    const failure = this.#origins.refusal(headers);
    return failure === null ? null : errorResponse(failure);
  }
}
