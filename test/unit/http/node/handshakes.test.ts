import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';

import t from 'tap';

import { boundHandshakes, MAX_HANDSHAKES } from '../../../../src/http/node/handshakes.js';

/** As much of a socket as is looked at. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '10.0.0.1';
  readonly localAddress = '10.0.0.2';
  isDestroyed = false;

  constructor(readonly remotePort: number) {
    super();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

t.test('for one handshake too many the oldest that is unfinished goes', async (t) => {
  const server = new EventEmitter();
  let numGivenUp = 0;
  boundHandshakes(server as unknown as Server, () => numGivenUp++);
  const sockets = Array.from({ length: MAX_HANDSHAKES + 2 }, (_, port) => new FakeSocket(port));
  const open = (from: number, to: number): void => {
    for (const socket of sockets.slice(from, to)) server.emit('connection', socket);
  };
  open(0, MAX_HANDSHAKES);
  server.emit('secureConnection', new FakeSocket(0));
  open(MAX_HANDSHAKES, MAX_HANDSHAKES + 1);
  t.equal(numGivenUp, 0, 'a finished one has made room');
  const closed = once(sockets[1] ?? server, 'close');
  open(MAX_HANDSHAKES + 1, MAX_HANDSHAKES + 2);
  await closed;
  t.equal(numGivenUp, 1);
  t.strictSame(
    sockets.filter(({ isDestroyed }) => isDestroyed).map(({ remotePort }) => remotePort),
    [1],
  );
  sockets[2]?.destroy();
  server.emit('connection', new FakeSocket(9999));
  t.equal(numGivenUp, 1, 'one that left has made room');
});
