import { receiveMessageOnPort, type MessagePort, type Transferable } from 'node:worker_threads';

/** One end of a message channel with both directions typed. FIFO each way; messages are copied. */
export class Port<Out, In> {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Never blocks, never throws once the other end is gone: the message is dropped then. */
  post(message: Out, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  onMessage(handle: (message: In) => void): void {
    this.#port.on('message', handle);
  }

  /** The other end closed, or its thread died. */
  onClose(handle: () => void): void {
    this.#port.on('close', handle);
  }

  /** The next waiting message without going through the event loop, or null. */
  takeNow(): In | null {
    const received = receiveMessageOnPort(this.#port) as { message: In } | undefined;
    return received === undefined ? null : received.message;
  }

  close(): void {
    this.#port.close();
  }
}
