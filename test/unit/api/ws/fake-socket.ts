import type { Socket } from '../../../../src/http/socket.js';

/** A socket whose reader is as slow as the test says. */
export class FakeSocket implements Socket {
  readonly sent: unknown[] = [];
  closeCode: number | null = null;
  /** As the library does it: closing tells the listener at once. */
  onClose: () => void = () => undefined;
  /** Bytes of each message that stay in the buffer. */
  isStalled = false;
  #buffered = 0;

  get bufferedBytes(): number {
    return this.#buffered;
  }

  get isClosed(): boolean {
    return this.closeCode !== null;
  }

  send(text: string): void {
    if (this.isClosed) return;
    this.sent.push(JSON.parse(text));
    if (this.isStalled) this.#buffered += text.length;
  }

  close(code: number): void {
    if (this.isClosed) return;
    this.closeCode = code;
    this.onClose();
  }

  /** The reader takes everything. */
  empty(): void {
    this.#buffered = 0;
  }
}
