import type { WebSocket } from 'ws';

import type { Socket, SocketEndpoint, SocketListener } from '../socket.js';

type Limits = Pick<SocketEndpoint, 'maxBufferedBytes' | 'idleTimeoutS'>;

/** How many times a quiet client is pinged before it counts as gone. */
const PINGS = 3;

/** One socket of ws. */
export class NodeSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #limits: Limits;
  #isClosed = false;
  #onDrain: () => void = () => undefined;

  constructor(ws: WebSocket, limits: Limits) {
    this.#ws = ws;
    this.#limits = limits;
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#ws.bufferedAmount;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(text: string): void {
    if (this.#isClosed) return;
    this.#ws.send(text, () => {
      if (!this.#isClosed) this.#onDrain();
    });
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ws.close(code, reason);
  }

  /** From here on `listener` is told what comes. */
  listen(listener: SocketListener): void {
    const heart = new Heart(this.#ws, this.#limits);
    this.#onDrain = () => {
      listener.onDrain();
    };
    this.#ws.on('message', (data: Buffer, isBinary) => {
      heart.beat();
      if (!this.#isClosed) listener.onMessage(data, isBinary);
    });
    this.#ws.on('ping', (data: Buffer) => {
      heart.beat();
      // A client that only pings, and reads nothing, would fill the memory with pongs.
      if (this.#ws.bufferedAmount < this.#limits.maxBufferedBytes) this.#ws.pong(data);
    });
    this.#ws.on('pong', () => {
      heart.beat();
    });
    // It is closed then, with its code.
    this.#ws.on('error', () => undefined);
    this.#ws.on('close', () => {
      this.#isClosed = true;
      heart.stop();
      listener.onClose();
    });
  }
}

/** Pings a quiet client, and cuts it off when nothing comes back. */
class Heart {
  readonly #timer: NodeJS.Timeout;
  #numMissed = 0;

  constructor(ws: WebSocket, { idleTimeoutS }: Limits) {
    this.#timer = setInterval(
      () => {
        this.#numMissed++;
        if (this.#numMissed >= PINGS) ws.terminate();
        else ws.ping();
      },
      (1000 * idleTimeoutS) / PINGS,
    );
  }

  beat(): void {
    this.#numMissed = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
