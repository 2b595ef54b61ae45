import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly text: string;
  /** True when the server closed the connection. */
  readonly isClosed: boolean;
}

/** Writes bytes as they are and collects what comes back until the server closes or falls silent. */
export function rawHttp(port: number, request: string, silenceMs = 300): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    let timer: NodeJS.Timeout | null = null;
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const finish = (isClosed: boolean): void => {
      if (timer !== null) clearTimeout(timer);
      resolve({ text, isClosed });
      socket.destroy();
    };
    const rearm = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => {
        finish(false);
      }, silenceMs);
    };
    rearm();
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      rearm();
    });
    socket.on('close', () => {
      finish(true);
    });
    socket.on('error', reject);
  });
}

/** A connection that has sent a POST with a JSON body and waits. */
export function openPost(port: number, path: string, body: string): Promise<Socket> {
  return new Promise((resolve) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head + body);
      resolve(socket);
    });
  });
}
