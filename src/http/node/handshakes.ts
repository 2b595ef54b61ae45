import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Handshakes that may be unfinished at one time: each takes some 50 KiB. */
export const MAX_HANDSHAKES = 1024;

/**
 * Bounds the unfinished handshakes of a TLS server: for one more the oldest is given up. A client that means it is
 * done within milliseconds, whoever only opens connections is what waits here.
 *
 * @param onGivenUp told of each
 */
export function boundHandshakes(server: Server, onGivenUp: () => void): void {
  /** By both ends, the oldest first: `secureConnection` tells of another socket than `connection`. */
  const unfinished = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const ends = endsOf(socket);
    unfinished.set(ends, socket);
    socket.on('close', () => {
      if (unfinished.get(ends) === socket) unfinished.delete(ends);
    });
    const [oldest] = unfinished;
    if (unfinished.size <= MAX_HANDSHAKES || oldest === undefined) return;
    unfinished.delete(oldest[0]);
    oldest[1].destroy();
    onGivenUp();
  });
  server.on('secureConnection', (socket: Socket) => {
    unfinished.delete(endsOf(socket));
  });
}

function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return [remoteAddress, remotePort, localAddress].join(' ');
}
