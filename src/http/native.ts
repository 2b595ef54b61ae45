/** What an HTTP engine gives for each request. The names are uWebSockets.js's, which needs nothing in between. */

/** The writing side. */
export interface NativeResponse {
  writeStatus(status: string): unknown;
  writeHeader(name: string, value: string): unknown;
  /** False = the client reads slower than this: {@link onWritable} says when it has caught up. */
  write(chunk: string): boolean;
  end(body?: string, closeConnection?: boolean): unknown;
  endWithoutBody(reportedContentLength?: number, closeConnection?: boolean): unknown;
  /** Sends as much of the rest of a body of `totalSize` bytes as the client takes now. */
  tryEnd(chunk: Uint8Array, totalSize: number): [ok: boolean, hasResponded: boolean];
  /** Cuts the connection. */
  close(): unknown;
  /** `offset`: bytes of the body that were taken. */
  onWritable(handler: (offset: number) => boolean): unknown;
  /** The client left before the response had ended. */
  onAborted(handler: () => void): unknown;
  /** What is written in it leaves in one piece, where the engine can. */
  cork(callback: () => void): unknown;
}

/** The reading side. */
export interface NativeBody {
  /** `chunk` is dead after the callback returns. */
  onData(handler: (chunk: ArrayBuffer | Uint8Array, isLast: boolean) => void): unknown;
  pause(): void;
  /** Also starts the engine's own time-out anew. */
  resume(): void;
}
