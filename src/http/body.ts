import { RequestError } from '../core/errors.js';

/** Largest request body: a batch of long prompts as token ids fits several times over. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** A body that has not arrived after this long is given up. */
const BODY_TIMEOUT_MS = 30_000;

/** The calls of uWebSockets.js's response that deliver a body. */
export interface NativeBody {
  /** `chunk` is dead after the callback returns. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): unknown;
}

export interface BodyOptions {
  /** The Content-Length that was announced, or null. */
  readonly announcedBytes: number | null;
  readonly onClientLeft: (listener: () => void) => void;
  readonly maxBytes?: number | undefined;
  readonly timeoutMs?: number;
}

/** The client went away in the middle of its request: there is nobody to answer. */
export class ClientLeftError extends Error {
  override readonly name = 'ClientLeftError';
}

/** Collects a body. @throws RequestError BODY_TOO_LARGE, REQUEST_TIMEOUT; ClientLeftError */
export function readBody(native: NativeBody, options: BodyOptions): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? MAX_BODY_BYTES;
  if (options.announcedBytes !== null && options.announcedBytes > maxBytes) {
    return Promise.reject(tooLarge(maxBytes));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let numBytes = 0;
    const timer = setTimeout(() => {
      reject(new RequestError('REQUEST_TIMEOUT', 'The request body did not arrive in time.'));
    }, options.timeoutMs ?? BODY_TIMEOUT_MS);
    options.onClientLeft(() => {
      clearTimeout(timer);
      reject(new ClientLeftError('The client left while sending its request.'));
    });
    native.onData((chunk, isLast) => {
      numBytes += chunk.byteLength;
      if (numBytes > maxBytes) {
        clearTimeout(timer);
        chunks.length = 0;
        reject(tooLarge(maxBytes));
        return;
      }
      chunks.push(Buffer.from(new Uint8Array(chunk)));
      if (!isLast) return;
      clearTimeout(timer);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
  });
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError('BODY_TOO_LARGE', `The request body is larger than ${maxBytes} bytes.`);
}
