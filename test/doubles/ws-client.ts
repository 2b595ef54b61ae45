import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface WsEvent {
  readonly id: string | number | null;
  readonly event: 'delta' | 'done' | 'error';
  readonly data: unknown;
}

export interface WsOptions {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Null offers none. */
  readonly protocol?: string | null;
}

/** The answer to the handshake was no: its status line and body. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused';
}

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A client of RFC 6455 that can also do what a browser does not: stop reading, send junk, vanish. */
export class WsClient {
  /** The handshake's answer, lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  /** Code of the close frame; 1006 when the connection just ended. */
  readonly closed: Promise<number>;
  readonly socket: Socket;
  numPings = 0;
  #pending: Buffer;
  #events: WsEvent[] = [];
  #wake: () => void = () => undefined;
  #closeCode: number | null = null;

  constructor(socket: Socket, headers: ReadonlyMap<string, string>, rest: Buffer) {
    this.socket = socket;
    this.headers = headers;
    this.#pending = rest;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#closeCode ??= 1006;
        resolve(this.#closeCode);
        this.#wake();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      this.#pending = Buffer.concat([this.#pending, chunk]);
      this.#parse();
    });
    this.#parse();
  }

  send(message: unknown): void {
    this.sendFrame(OPCODE.text, Buffer.from(JSON.stringify(message)));
  }

  sendFrame(opcode: number, payload: Buffer): void {
    // A large one takes a mask that changes nothing: a loop over megabytes would be what a test waits for.
    const mask = payload.length > 65_536 ? Buffer.alloc(4) : randomBytes(4);
    const masked = Buffer.from(payload);
    if (mask.readUInt32LE() !== 0) {
      for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] ?? 0) ^ (mask[i % 4] ?? 0);
    }
    this.socket.write(Buffer.concat([frameHead(opcode, payload.length), mask, masked]));
  }

  /** The next event, in order. @throws when the socket ends first */
  async next(): Promise<WsEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (this.#closeCode !== null) throw new Error(`closed with ${this.#closeCode}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All events of one request up to its last; others are dropped. */
  async answer(id: string | number | null): Promise<WsEvent[]> {
    const events: WsEvent[] = [];
    for (;;) {
      const event = await this.next();
      if (event.id !== id) continue;
      events.push(event);
      if (event.event !== 'delta') return events;
    }
  }

  close(code = 1000): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.sendFrame(OPCODE.close, payload);
  }

  #parse(): void {
    for (;;) {
      const frame = takeFrame(this.#pending);
      if (frame === null) return;
      this.#pending = frame.rest;
      this.#handle(frame);
    }
  }

  #handle({ opcode, payload }: Frame): void {
    if (opcode === OPCODE.text) {
      this.#events.push(JSON.parse(payload.toString()) as WsEvent);
      this.#wake();
    } else if (opcode === OPCODE.ping) {
      this.numPings++;
      this.sendFrame(OPCODE.pong, payload);
    } else if (opcode === OPCODE.close) {
      this.#closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE();
      this.socket.end();
      this.#wake();
    }
  }
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly rest: Buffer;
}

/** A server's frame is never masked, and this server's never fragmented. */
function takeFrame(data: Buffer): Frame | null {
  if (data.length < 2) return null;
  const short = (data[1] ?? 0) & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < start) return null;
  const length = start === 4 ? data.readUInt16BE(2) : start === 10 ? data.readUInt32BE(6) : short;
  if (data.length < start + length) return null;
  const payload = data.subarray(start, start + length);
  return { opcode: (data[0] ?? 0) & 0x0f, payload, rest: data.subarray(start + length) };
}

/** The start of a client's frame, up to the mask. */
export function frameHead(opcode: number, length: number): Buffer {
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (length < 126 ? length : length < 65536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** @throws UpgradeRefused */
export function openWs(url: string, options: WsOptions = {}): Promise<WsClient> {
  const { protocol: scheme, hostname, port } = new URL(url);
  const { path = '/ws', headers = {}, protocol = 'radish.v1' } = options;
  const key = randomBytes(16).toString('base64');
  const fields = {
    host: `${hostname}:${port}`,
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': key,
    'sec-websocket-version': '13',
    ...(protocol === null ? {} : { 'sec-websocket-protocol': protocol }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const address = { port: Number(port), host: hostname };
    const socket =
      scheme === 'https:'
        ? connectTls({ ...address, rejectUnauthorized: false })
        : connect(address);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    socket.on('error', reject);
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      const text = head.subarray(0, end).toString();
      if (!isAccepted(text, key)) {
        reject(new UpgradeRefused(head.toString()));
        socket.destroy();
        return;
      }
      resolve(new WsClient(socket, parseHeaders(text), head.subarray(end + 4)));
    };
    socket.on('data', onData);
  });
}

function isAccepted(head: string, key: string): boolean {
  const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1')
    .update(key + magic)
    .digest('base64');
  const isSwitching = head.startsWith('HTTP/1.1 101 ');
  return isSwitching && parseHeaders(head).get('sec-websocket-accept') === accept;
}

function parseHeaders(head: string): Map<string, string> {
  const lines = head.split('\r\n').slice(1);
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
