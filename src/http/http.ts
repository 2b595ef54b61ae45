/** HTTP as handlers see it: values and small interfaces, without the library beneath. */

export interface HttpRequest {
  /** Upper case. HEAD arrives as HEAD. */
  readonly method: string;
  /** As sent, without the query; percent-encoding is left alone. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; of a repeated header the first value. */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * The whole body. Must be called before the handler first waits. `maxBytes` allows more than usual.
   * @throws RequestError BODY_TOO_LARGE or REQUEST_TIMEOUT
   */
  readBody(maxBytes?: number): Promise<Uint8Array>;
}

export interface HttpReply {
  /** True when the client left or the response has ended: nothing may be sent any more. */
  readonly isClosed: boolean;
  /** Called once if the client leaves before the response ended; at once if it already has. */
  onClientLeft(listener: () => void): void;
  /** Sends a whole response; ignored on a closed reply. */
  send(response: FullResponse): void;
  /** The log hears of an answer that began well and then failed; of refusals it hears by {@link send}. */
  noteFailure(status: number, sentence: string): void;
  /** Sends status line and headers, and keeps the body open. */
  startStream(headers: Headers): ResponseStream;
}

export type Headers = Readonly<Record<string, string>>;

export interface FullResponse {
  readonly status: number;
  readonly headers?: Headers;
  /** Text, or its UTF-8 in parts where it is large. */
  readonly body?: string | readonly Uint8Array[];
  /** Also closes the connection: what follows on it cannot be trusted. */
  readonly close?: boolean;
}

export interface ResponseStream {
  /** False while the client reads slower than we write: keep the state, not the frames. */
  readonly isWritable: boolean;
  /** Called whenever {@link isWritable} becomes true again. */
  onDrain(listener: () => void): void;
  write(chunk: string): void;
  end(): void;
}

export function jsonResponse(status: number, value: unknown): FullResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}

/** A bare body without a content type, as SGLang's plain replies are. */
export function plainResponse(status: number, body = ''): FullResponse {
  return { status, body };
}
