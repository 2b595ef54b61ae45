import { STATUS_CODES } from 'node:http';

import { sentenceOf } from './failure-log.js';
import type { FullResponse, Headers, HttpReply, ResponseStream } from './http.js';
import type { NativeResponse } from './native.js';

/** Bodies above this go out in parts, as fast as the client reads. */
const LARGE_BODY_BYTES = 64 * 1024;
/** A comment frame keeps proxies and clients from giving up on a quiet stream. */
const PING_INTERVAL_MS = 15_000;
/** A client that reads nothing at all for this long is gone. */
export const STALLED_READER_MS = 60_000;

export interface ReplyOptions {
  /** HEAD: headers and length of the body, but no body. */
  readonly isHead: boolean;
  /** Go on every response (CORS). */
  readonly extraHeaders: Headers;
  /** Told of every answer that is an error. */
  readonly onFailed?: (status: number, sentence: string) => void;
}

/** One response. After the client left, or the end, every call is a no-op: the native object is dead. */
export class Reply implements HttpReply {
  readonly #native: NativeResponse;
  readonly #options: ReplyOptions;
  #isClosed = false;
  #hasLeft = false;
  #onLeft: (() => void)[] = [];

  constructor(native: NativeResponse, options: ReplyOptions) {
    this.#native = native;
    this.#options = options;
    native.onAborted(() => {
      this.#leave();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  onClientLeft(listener: () => void): void {
    if (this.#hasLeft) listener();
    else if (!this.#isClosed) this.#onLeft.push(listener);
  }

  send(response: FullResponse): void {
    if (this.#isClosed) return;
    if (response.status >= 400) this.noteFailure(response.status, sentenceOf(response));
    if (response.close !== true) {
      this.#send(response);
      return;
    }
    // While an answer is owed the library cuts off a connection that brings another request, unread; ended in
    // the handler, it would execute what stands behind this request in the same segment.
    this.#isClosed = true;
    setImmediate(() => {
      if (!this.#hasLeft) this.#send(response);
    });
  }

  #send(response: FullResponse): void {
    const body = response.body ?? '';
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : sizeOf(body);
    const close = response.close ?? false;
    this.#native.cork(() => {
      this.#writeHead(response.status, response.headers ?? {});
      if (this.#options.isHead) {
        this.#endHead(bytes, close);
      } else if (typeof body === 'string' && (bytes <= LARGE_BODY_BYTES || close)) {
        this.#native.end(body, close);
      } else {
        this.#endSlowly(typeof body === 'string' ? [Buffer.from(body)] : body);
        return;
      }
      this.#isClosed = true;
    });
  }

  noteFailure(status: number, sentence: string): void {
    this.#options.onFailed?.(status, sentence);
  }

  /**
   * A length that is told to uWebSockets.js, `undefined` too, is waited for: the next request of the connection would
   * be hung up on.
   */
  #endHead(bytes: number, close: boolean): void {
    if (close) {
      this.#native.endWithoutBody(bytes, close);
      return;
    }
    this.#native.writeHeader('content-length', String(bytes));
    this.#native.endWithoutBody();
  }

  startStream(headers: Headers): ResponseStream {
    return new Stream(this.#native, this, (write) => {
      this.#native.cork(() => {
        write(() => {
          this.#writeHead(200, headers);
        });
      });
    });
  }

  /** For {@link Stream}: the response is complete. */
  markEnded(): void {
    this.#isClosed = true;
    this.#onLeft = [];
  }

  #writeHead(status: number, headers: Headers): void {
    this.#native.writeStatus(`${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
    for (const [name, value] of Object.entries({ ...this.#options.extraHeaders, ...headers })) {
      this.#native.writeHeader(name, value);
    }
  }

  #endSlowly(body: readonly Uint8Array[]): void {
    const [ok, isDone] = this.#writeFrom(0, body);
    if (isDone) this.#isClosed = true;
    if (ok || isDone) return;
    const watch = new StallWatch(this.#native);
    this.#onLeft.push(() => {
      watch.stop();
    });
    this.#native.onWritable((offset) => {
      watch.progress();
      const [okNow, isDoneNow] = this.#writeFrom(offset, body);
      if (isDoneNow) {
        watch.stop();
        this.markEnded();
      }
      return okNow;
    });
  }

  /** Writes the bytes from `offset` on, until the socket takes no more. */
  #writeFrom(offset: number, body: readonly Uint8Array[]): [ok: boolean, isDone: boolean] {
    const size = sizeOf(body);
    let start = 0;
    for (const part of body) {
      const end = start + part.length;
      if (end > offset) {
        const [ok, isDone] = this.#native.tryEnd(part.subarray(Math.max(0, offset - start)), size);
        if (!ok || isDone) return [ok, isDone];
      }
      start = end;
    }
    return [true, false];
  }

  #leave(): void {
    this.#isClosed = true;
    this.#hasLeft = true;
    for (const listener of this.#onLeft.splice(0)) listener();
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Closes a connection whose client stopped reading. */
class StallWatch {
  readonly #timer: NodeJS.Timeout;

  constructor(native: NativeResponse) {
    this.#timer = setTimeout(() => native.close(), STALLED_READER_MS);
  }

  progress(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

type HeadWriter = (write: (writeHead: () => void) => void) => void;

/** An open body. Head and first chunk leave together: an empty write would not flush the head. */
class Stream implements ResponseStream {
  readonly #native: NativeResponse;
  readonly #reply: Reply;
  readonly #withHead: HeadWriter;
  readonly #ping: NodeJS.Timeout;
  #hasHead = false;
  #isWritable = true;
  #stall: StallWatch | null = null;
  #onDrain: () => void = () => undefined;

  constructor(native: NativeResponse, reply: Reply, withHead: HeadWriter) {
    this.#native = native;
    this.#reply = reply;
    this.#withHead = withHead;
    this.#ping = setInterval(() => {
      if (this.#isWritable) this.write(': ping\n\n');
    }, PING_INTERVAL_MS);
    reply.onClientLeft(() => {
      this.#stop();
    });
    if (!reply.isClosed) native.onWritable(() => this.#drained());
  }

  get isWritable(): boolean {
    return this.#isWritable && !this.#reply.isClosed;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  write(chunk: string): void {
    if (this.#reply.isClosed) return;
    this.#ping.refresh();
    this.#corked(() => {
      this.#isWritable = this.#native.write(chunk);
    });
    if (!this.#isWritable) this.#stall ??= new StallWatch(this.#native);
  }

  end(): void {
    if (this.#reply.isClosed) return;
    this.#stop();
    this.#corked(() => {
      this.#native.end();
    });
    this.#reply.markEnded();
  }

  #corked(write: () => void): void {
    if (this.#hasHead) {
      this.#native.cork(write);
      return;
    }
    this.#hasHead = true;
    this.#withHead((writeHead) => {
      writeHead();
      write();
    });
  }

  #drained(): boolean {
    this.#isWritable = true;
    this.#stall?.stop();
    this.#stall = null;
    this.#onDrain();
    return true;
  }

  #stop(): void {
    clearInterval(this.#ping);
    this.#stall?.stop();
  }
}
