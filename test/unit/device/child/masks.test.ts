import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { MaskBoard } from '../../../../src/core/mask-board.js';
import { LocalMasks } from '../../../../src/device/child/local-masks.js';
import { MaskRelay } from '../../../../src/device/child/mask-relay.js';
import type { MaskMade, OpenBoard } from '../../../../src/device/child/wire.js';

const SHAPE = { numSlots: 3, vocabSize: 40 };

/** Both ends with a grammar thread and a device at them, and what is under way between. */
class Rig {
  readonly underWay: (OpenBoard | MaskMade)[] = [];
  /** What the device was connected to, in order. */
  readonly device: { readonly port: MessagePort; readonly board: MaskBoard }[] = [];
  readonly relay = new MaskRelay(SHAPE, (message) => this.underWay.push(message));
  readonly local = new LocalMasks(
    SHAPE,
    {
      connectGrammars: (port, shared) => {
        this.device.push({ port, board: new MaskBoard(SHAPE, shared) });
      },
    },
    (message) => {
      this.relay.tell(message);
    },
  );

  connect(): { readonly board: MaskBoard; readonly port: MessagePort } {
    const board = new MaskBoard(SHAPE);
    const channel = new MessageChannel();
    const { port1: port } = channel;
    this.relay.connect({ kind: 'connectGrammars', port, board: board.shared });
    return { board, port: channel.port2 };
  }

  /** Delivers what is under way. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await turn();
    for (const message of this.underWay.splice(0)) {
      if (message.kind === 'openBoard') this.local.open(message);
      else this.local.take(message);
    }
  }

  close(): void {
    this.relay.close();
    for (const { port } of this.device) port.close();
  }
}

function publish(board: MaskBoard, slot: number, ticket: number, word: number): void {
  board.mask(slot)[0] = word;
  board.publish(slot, ticket, true);
}

t.test('masks reach the board of the device, failures too', async (t) => {
  const rig = new Rig();
  const { board } = rig.connect();
  await rig.settle();
  const [device] = rig.device;
  for (const [slot, ticket, word] of [
    [1, 4, 99],
    [1, 5, 100],
    [2, 6, 7],
  ] as const) {
    publish(board, slot, ticket, word);
    await rig.settle();
    t.equal(device?.board.wait(slot, ticket, 0), 'ready');
    t.equal(device?.board.mask(slot)[0], word);
  }
  board.publish(1, 9, false);
  await rig.settle();
  t.equal(device?.board.wait(1, 9, 0), 'failed');
  t.equal(device?.board.wait(0, 1, 0), 'late');
  rig.close();
});

t.test('those of a grammar thread that was replaced do not', async (t) => {
  const rig = new Rig();
  const first = rig.connect();
  await rig.settle();
  publish(first.board, 0, 1, 11);
  for (let i = 0; i < 5; i++) await turn();
  t.equal(rig.underWay.length, 1);
  const second = rig.connect();
  publish(first.board, 0, 2, 12);
  // A new one may be asked for the same ticket: it names what the device waits for.
  const messages = rig.underWay.splice(0);
  rig.underWay.push(...messages.slice(1), ...messages.slice(0, 1));
  await rig.settle();
  t.equal(rig.device.length, 2);
  t.equal(rig.device[1]?.board.wait(0, 1, 0), 'late');
  t.equal(rig.device[1]?.board.wait(0, 2, 0), 'late');
  publish(second.board, 0, 3, 13);
  await rig.settle();
  t.equal(rig.device[1]?.board.wait(0, 3, 0), 'ready');
  rig.close();
});

t.test('what the device tells reaches the newest grammar thread alone', async (t) => {
  const rig = new Rig();
  const first = rig.connect();
  await rig.settle();
  const second = rig.connect();
  await rig.settle();
  for (const [slot, { port }] of rig.device.entries()) port.postMessage({ kind: 'close', slot });
  await rig.settle();
  t.equal(receiveMessageOnPort(first.port), undefined);
  t.same(receiveMessageOnPort(second.port)?.message, { kind: 'close', slot: 1 });
  t.equal(receiveMessageOnPort(second.port), undefined);
  rig.close();
});

t.test('nobody waits for a board that is gone', async (t) => {
  const rig = new Rig();
  const { board, port } = rig.connect();
  const gone = new Promise((resolve) => port.once('close', resolve));
  await rig.settle();
  rig.relay.close();
  await gone;
  await rig.settle();
  publish(board, 0, 1, 1);
  await rig.settle();
  t.same(rig.underWay, []);
  const headOfSlot1 = 2;
  t.equal(
    Atomics.notify(new Int32Array(board.shared), headOfSlot1),
    0,
    'a waiter would be counted',
  );
  rig.close();
});
