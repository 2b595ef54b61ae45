import { MessageChannel } from 'node:worker_threads';
import { Port } from '../../actor/port.js';
import { MaskBoard, type MaskBoardShape } from '../../core/mask-board.js';
import type { ToMatchers } from '../../messages.js';
import type { DeviceHandle } from '../handle.js';
import type { MaskMade, OpenBoard, TellMatchers } from './wire.js';

/** A grammar thread that lives in another process, as long as it is the newest. */
interface Line {
  readonly board: number;
  readonly masks: MaskBoard;
}

/**
 * The device's end of its masks: a board of this process, on which the device's thread waits as though a grammar
 * thread wrote it.
 */
export class LocalMasks {
  readonly #shape: MaskBoardShape;
  readonly #device: Pick<DeviceHandle, 'connectGrammars'>;
  readonly #send: (message: TellMatchers) => void;
  #line: Line | null = null;

  constructor(
    shape: MaskBoardShape,
    device: Pick<DeviceHandle, 'connectGrammars'>,
    send: (message: TellMatchers) => void,
  ) {
    this.#shape = shape;
    this.#device = device;
    this.#send = send;
  }

  open({ board }: OpenBoard): void {
    const masks = new MaskBoard(this.#shape);
    const channel = new MessageChannel();
    // The device closes its end when another grammar thread takes over, and when it ends.
    new Port<never, ToMatchers>(channel.port2).onMessage((message) => {
      this.#send({ kind: 'toMatchers', board, message });
    });
    this.#line = { board, masks };
    this.#device.connectGrammars(channel.port1, masks.shared);
  }

  /** One of a grammar thread that was replaced is dropped. */
  take({ board, slot, ticket, words }: MaskMade): void {
    if (board !== this.#line?.board) return;
    const { masks } = this.#line;
    if (words !== null) masks.mask(slot).set(words);
    masks.publish(slot, ticket, words !== null);
  }
}
