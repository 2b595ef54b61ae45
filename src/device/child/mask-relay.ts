import type { MessagePort } from 'node:worker_threads';
import { Port } from '../../actor/port.js';
import { MaskBoard, type MaskBoardShape } from '../../core/mask-board.js';
import type { ConnectGrammars, ToMatchers } from '../../messages.js';
import type { MaskMade, OpenBoard, TellMatchers } from './wire.js';

/** A grammar thread, as long as it is the newest. */
interface Line {
  readonly board: number;
  readonly masks: MaskBoard;
  readonly matchers: Port<ToMatchers, never>;
}

/**
 * The server's end of a device's masks. What the grammar thread writes to the board, which is memory of this
 * process, is sent to the device's own board. At most one mask a slot is under way: the device asks for the next one
 * when it has taken it.
 */
export class MaskRelay {
  readonly #shape: MaskBoardShape;
  readonly #send: (message: OpenBoard | MaskMade) => void;
  #line: Line | null = null;
  #numBoards = 0;

  constructor(shape: MaskBoardShape, send: (message: OpenBoard | MaskMade) => void) {
    this.#shape = shape;
    this.#send = send;
  }

  /** From here on the masks of this grammar thread count. */
  connect({ port, board: shared }: ConnectGrammars): void {
    this.close();
    const line = this.#open(port, shared);
    this.#line = line;
    this.#send({ kind: 'openBoard', board: line.board });
    for (let slot = 0; slot < this.#shape.numSlots; slot++) void this.#follow(line, slot);
  }

  /** A grammar thread that was replaced hears no more. */
  tell({ board, message }: TellMatchers): void {
    if (board === this.#line?.board) this.#line.matchers.post(message);
  }

  /** The grammar thread forgets the device. */
  close(): void {
    const line = this.#line;
    this.#line = null;
    line?.matchers.close();
    line?.masks.wakeAll();
  }

  #open(port: MessagePort, shared: SharedArrayBuffer): Line {
    this.#numBoards += 1;
    return {
      board: this.#numBoards,
      masks: new MaskBoard(this.#shape, shared),
      matchers: new Port(port),
    };
  }

  async #follow(line: Line, slot: number): Promise<void> {
    const { board, masks } = line;
    for (let sent = 0; this.#line === line;) {
      const { ticket, isReady } = masks.newest(slot);
      if (ticket !== sent) {
        const words = isReady ? masks.mask(slot).slice() : null;
        this.#send({ kind: 'mask', board, slot, ticket, words });
        sent = ticket;
      }
      await masks.changed(slot, sent);
    }
  }
}
