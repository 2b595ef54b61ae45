import type { IncomingMessage, ServerResponse } from 'node:http';

import type { NativeBody, NativeResponse } from '../native.js';
import { STALLED_READER_MS } from '../reply.js';

/** A large body is handed over in pieces of this size, for as long as the client takes them. */
const PIECE_BYTES = 64 * 1024;
/** How long the rest of a body may take that nobody wants any more. */
const DISCARD_MS = 10_000;
/** Statuses whose answers have no body, and no length. */
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/** A request of `node:http` and its response, called as uWebSockets.js's. */
export class NodeExchange implements NativeResponse, NativeBody {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #wantsContinue: boolean;
  #hasEnded = false;
  #numTaken = 0;

  /** @param wantsContinue The client waits to be told before it sends its body. */
  constructor(request: IncomingMessage, response: ServerResponse, wantsContinue = false) {
    this.#request = request;
    this.#response = response;
    this.#wantsContinue = wantsContinue;
    // Without a listener an error of the connection would be the process's.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
  }

  writeStatus(status: string): void {
    this.#response.statusCode = Number(status.slice(0, 3));
    this.#response.statusMessage = status.slice(4);
  }

  writeHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  write(chunk: string): boolean {
    return this.#response.write(chunk);
  }

  end(body = '', closeConnection = false): void {
    if (!this.#response.headersSent && !BODILESS.has(this.#response.statusCode))
      this.#response.setHeader('content-length', Buffer.byteLength(body));
    this.#finish(closeConnection, body);
  }

  endWithoutBody(reportedContentLength?: number, closeConnection = false): void {
    const hasLength = !BODILESS.has(this.#response.statusCode);
    if (hasLength && reportedContentLength !== undefined)
      this.#response.setHeader('content-length', reportedContentLength);
    this.#finish(closeConnection);
  }

  tryEnd(chunk: Uint8Array, totalSize: number): [ok: boolean, hasResponded: boolean] {
    if (!this.#response.headersSent) this.#response.setHeader('content-length', totalSize);
    let isTaken = true;
    for (let from = 0; isTaken && from < chunk.length; from += PIECE_BYTES) {
      const piece = chunk.subarray(from, from + PIECE_BYTES);
      isTaken = this.#response.write(piece);
      this.#numTaken += piece.length;
    }
    const isDone = this.#numTaken === totalSize;
    if (isDone) this.#finish(false);
    return [isTaken, isDone];
  }

  close(): void {
    this.#request.socket.destroy();
  }

  onWritable(handler: (offset: number) => boolean): void {
    this.#response.on('drain', () => handler(this.#numTaken));
  }

  onAborted(handler: () => void): void {
    this.#response.on('close', () => {
      if (!this.#hasEnded) handler();
    });
  }

  /** Node sends the head together with the first piece of the body. */
  cork(callback: () => void): void {
    callback();
  }

  onData(handler: (chunk: Uint8Array, isLast: boolean) => void): void {
    if (this.#wantsContinue) this.#response.writeContinue();
    this.#request.on('data', (chunk: Buffer) => {
      handler(chunk, false);
    });
    this.#request.on('end', () => {
      handler(new Uint8Array(0), true);
    });
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  #finish(closeConnection: boolean, body?: string): void {
    this.#hasEnded = true;
    if (closeConnection) this.#response.setHeader('connection', 'close');
    this.#response.end(body);
    this.#watchEnd();
  }

  /** The engine itself waits for ever: for a client that does not take its answer, or sends a body to nobody. */
  #watchEnd(): void {
    const { socket } = this.#request;
    const destroy = (): void => void socket.destroy();
    const stalled = setTimeout(destroy, STALLED_READER_MS).unref();
    this.#response.on('close', () => {
      clearTimeout(stalled);
    });
    if (this.#request.complete) return;
    const discarded = setTimeout(destroy, DISCARD_MS).unref();
    this.#request.on('close', () => {
      clearTimeout(discarded);
    });
  }
}
