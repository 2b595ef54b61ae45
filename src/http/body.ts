import { RequestError } from '../core/errors.js';
import type { NativeBody } from './native.js';

/** Largest request body: a batch of long prompts as token ids fits several times over. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** Bytes of all bodies that are arriving at one time. Above it the largest of them is given up. */
export const MAX_BODIES_BYTES = 512 * 1024 * 1024;
/** A body that has not arrived after this long is given up, */
export const BODY_TIMEOUT_MS = 30_000;
/** but it gets a second more for every so many bytes that have come. */
export const MIN_BYTES_PER_S = 16 * 1024;
/** The engines give a quiet connection ten seconds. */
const KEEP_OPEN_MS = 4_000;

export interface BodyOptions {
  /** The Content-Length that was announced, or null. */
  readonly announcedBytes: number | null;
  readonly onClientLeft: (listener: () => void) => void;
  readonly maxBytes?: number | undefined;
}

export interface BodyLimits {
  readonly timeoutMs: number;
  readonly maxTotalBytes: number;
}

/** The client went away in the middle of its request: there is nobody to answer. */
export class ClientLeftError extends Error {
  override readonly name = 'ClientLeftError';
}

/** Collects the bodies of all requests of a server, which share one bound. */
export class BodyReader {
  readonly #limits: BodyLimits;
  readonly #arriving = new Set<ArrivingBody>();
  #totalBytes = 0;

  constructor(limits: Partial<BodyLimits> = {}) {
    this.#limits = { timeoutMs: BODY_TIMEOUT_MS, maxTotalBytes: MAX_BODIES_BYTES, ...limits };
  }

  /** @throws RequestError BODY_TOO_LARGE, REQUEST_TIMEOUT, BODIES_FULL; ClientLeftError */
  read(native: NativeBody, options: BodyOptions): Promise<Uint8Array> {
    const maxBytes = options.maxBytes ?? MAX_BODY_BYTES;
    if ((options.announcedBytes ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
    return new Promise((resolve, reject) => {
      const body = new ArrivingBody(native, {
        maxBytes,
        timeoutMs: this.#limits.timeoutMs,
        onGrown: (numBytes) => {
          this.#totalBytes += numBytes;
          this.#makeRoom();
        },
        onEnd: (end) => {
          this.#arriving.delete(body);
          this.#totalBytes -= body.numBytes;
          if (end instanceof Error) reject(end);
          else resolve(end);
        },
      });
      this.#arriving.add(body);
      options.onClientLeft(() => {
        body.fail(new ClientLeftError('The client left while sending its request.'));
      });
    });
  }

  #makeRoom(): void {
    const { maxTotalBytes } = this.#limits;
    while (this.#totalBytes > maxTotalBytes) {
      const [largest] = [...this.#arriving].sort((a, b) => b.numBytes - a.numBytes);
      const message = `All request bodies that are arriving may have ${maxTotalBytes} bytes together.`;
      largest?.fail(new RequestError('BODIES_FULL', message));
    }
  }
}

interface ArrivingOptions {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly onGrown: (numBytes: number) => void;
  /** Told once. */
  readonly onEnd: (end: Uint8Array | Error) => void;
}

class ArrivingBody {
  readonly #options: ArrivingOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #chunks: Buffer[] = [];
  #numBytes = 0;
  #hasEnded = false;

  constructor(native: NativeBody, options: ArrivingOptions) {
    this.#options = options;
    const stepMs = Math.min(KEEP_OPEN_MS, options.timeoutMs);
    this.#timer = setInterval(() => {
      if (this.#isLate()) {
        this.fail(new RequestError('REQUEST_TIMEOUT', 'The request body did not arrive in time.'));
        return;
      }
      native.pause();
      native.resume();
    }, stepMs);
    native.onData((chunk, isLast) => {
      this.#take(chunk, isLast);
    });
  }

  get numBytes(): number {
    return this.#numBytes;
  }

  fail(error: Error): void {
    this.#end(error);
  }

  #isLate(): boolean {
    const allowedMs = this.#options.timeoutMs + (1000 * this.#numBytes) / MIN_BYTES_PER_S;
    return performance.now() - this.#startedMs >= allowedMs - 1;
  }

  #take(chunk: ArrayBuffer | Uint8Array, isLast: boolean): void {
    if (this.#hasEnded) return;
    const { maxBytes, onGrown } = this.#options;
    if (this.#numBytes + chunk.byteLength > maxBytes) {
      this.#end(tooLarge(maxBytes));
      return;
    }
    this.#chunks.push(Buffer.from(new Uint8Array(chunk)));
    this.#numBytes += chunk.byteLength;
    onGrown(chunk.byteLength);
    if (!isLast) return;
    const [only] = this.#chunks;
    this.#end(this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks));
  }

  #end(end: Uint8Array | Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#chunks = [];
    clearInterval(this.#timer);
    this.#options.onEnd(end);
  }
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError('BODY_TOO_LARGE', `The request body is larger than ${maxBytes} bytes.`);
}
