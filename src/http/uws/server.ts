/** The only place that touches uWebSockets.js. */
import { StartupError } from '../../core/errors.js';
import { Front, type FrontDecision, type ParsedRequest } from '../front.js';
import { MAX_HEADER_BYTES } from '../head.js';
import type { HttpEngine, HttpServer, ServerOptions } from '../server.js';
import type { SocketEndpoint, SocketListener } from '../socket.js';
import { UwsSocket } from './socket.js';
import type * as Uws from 'uWebSockets.js';

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: by default a second server would silently share the port. */
const EXCLUSIVE_PORT = 1;

/** Over TLS the library cuts a WebSocket off as soon as its reader is behind: docs/decisions/0011-http-engines.md. */
const NO_TLS = 'uWebSockets.js serves no TLS here.';

/** The addon reads it once, when it is loaded. It counts only requests that come in several pieces. */
const HEADERS_SIZE = 'UWS_HTTP_MAX_HEADERS_SIZE';

/** @throws what the loader says where there is no binary for this Node and this system */
export async function loadUws(): Promise<HttpEngine> {
  const { default: uws } = await withVariable(HEADERS_SIZE, String(MAX_HEADER_BYTES), async () => {
    return (await import('uWebSockets.js')) as unknown as { default: typeof Uws };
  });
  const create = (options: ServerOptions): HttpServer => createServer(uws, options);
  return { name: 'uws', title: 'uWebSockets.js', createServer: create };
}

/** The environment is the program's that this is a part of: it is left as it was. */
async function withVariable<T>(name: string, value: string, act: () => Promise<T>): Promise<T> {
  const before = process.env[name];
  process.env[name] = value;
  try {
    return await act();
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  }
}

function createServer(uws: typeof Uws, options: ServerOptions): HttpServer {
  if (options.tls !== undefined) throw new Error(NO_TLS);
  const app = uws.App();
  const front = new Front(options);
  for (const endpoint of options.sockets ?? []) addSockets(app, endpoint, front);
  app.any('/*', (res, req) => {
    front.accept(parsedOf(req), res);
  });
  return serverOf(uws, app);
}

function serverOf(uws: typeof Uws, app: Uws.TemplatedApp): HttpServer {
  let socket: Uws.us_listen_socket | null = null;
  let address: readonly [host: string, port: number] | null = null;
  const stopListening = (): void => {
    if (socket !== null) uws.us_listen_socket_close(socket);
    socket = null;
  };
  const open = (host: string, port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      // The typings miss the form with both a host and options.
      const listen = app.listen.bind(app) as unknown as (
        host: string,
        port: number,
        options: number,
        callback: (socket: Uws.us_listen_socket | false) => void,
      ) => void;
      listen(host, port, EXCLUSIVE_PORT, (opened) => {
        if (opened === false) {
          reject(new StartupError(`Cannot listen on ${host}:${port}: is the port in use?`));
          return;
        }
        socket = opened;
        address = [host, uws.us_socket_local_port(opened)];
        resolve(address[1]);
      });
    });
  return {
    listen: open,
    setAccepting: (isAccepting) => {
      if (!isAccepting) stopListening();
      else if (socket === null && address !== null) void open(...address).catch(() => undefined);
    },
    renewTls: () => {
      throw new Error(NO_TLS);
    },
    close: () => {
      stopListening();
      address = null;
      app.close();
    },
  };
}

function parsedOf(req: Uws.HttpRequest): ParsedRequest {
  const fields: [string, string][] = [];
  req.forEach((name, value) => {
    fields.push([name, value]);
  });
  const [method, path, query] = [req.getCaseSensitiveMethod(), req.getUrl(), req.getQuery()];
  return { method, path, query, fields };
}

interface SocketData {
  readonly accepted: FrontDecision & { kind: 'accept' };
  socket: UwsSocket | null;
  listener: SocketListener | null;
}

/**
 * An upgrade on the endpoint's path; everything else on that path is a plain request. The library has one largest
 * message a pattern, so that small sockets have a pattern of their own.
 */
function addSockets(app: Uws.TemplatedApp, endpoint: SocketEndpoint, front: Front): void {
  const anyName = endpoint.path.replace(/[^/]+$/, ':socket');
  addPattern(app, endpoint.path, { endpoint, front, isSmall: false });
  addPattern(app, anyName, { endpoint, front, isSmall: true });
}

interface SocketPattern {
  readonly endpoint: SocketEndpoint;
  readonly front: Front;
  /** Takes the small sockets, and leaves all others to the next pattern. */
  readonly isSmall: boolean;
}

function addPattern(app: Uws.TemplatedApp, path: string, pattern: SocketPattern): void {
  const { endpoint, isSmall } = pattern;
  app.ws<SocketData>(path, {
    // Compression would cost a window per socket, and time on the thread that serves all of them.
    compression: 0,
    maxPayloadLength: isSmall ? endpoint.smallPayloadBytes : endpoint.maxPayloadBytes,
    maxBackpressure: endpoint.maxBufferedBytes,
    idleTimeout: endpoint.idleTimeoutS,
    sendPingsAutomatically: true,
    upgrade: (res, req, context) => {
      upgrade(res, req, { ...pattern, context });
    },
    open: (ws) => {
      const data = ws.getUserData();
      const socket = new UwsSocket(ws);
      const listener = data.accepted.open(socket);
      // Closed while it was opened: the library has told nobody.
      if (socket.isClosed) listener.onClose();
      else Object.assign(data, { socket, listener });
    },
    message: (ws, message, isBinary) => {
      ws.getUserData().listener?.onMessage(new Uint8Array(message), isBinary);
    },
    drain: (ws) => {
      const { socket, listener } = ws.getUserData();
      // What is sent in here and does not fit is never told of again: the library stops asking the system for room.
      setImmediate(() => {
        if (socket?.isClosed === false) listener?.onDrain();
      });
    },
    close: (ws, code, message) => {
      const { accepted, socket, listener } = ws.getUserData();
      const why = CUTS.get(Buffer.from(message).toString());
      if (code === CUT && why !== undefined)
        pattern.front.noteCut({ path: endpoint.path, id: accepted.id }, why.code, why.sentence);
      socket?.markClosed();
      listener?.onClose();
    },
  });
}

/** The code of a socket that ended without a close frame. */
const CUT = 1006;
/** What the library says of those that it cut off itself, and the code that another would have sent. */
const CUTS: ReadonlyMap<string, { readonly code: number; readonly sentence: string }> = new Map([
  ['Received too big message', { code: 1009, sentence: 'The message is too large.' }],
  ['Received invalid UTF-8', { code: 1007, sentence: 'The message is no UTF-8.' }],
]);

interface UpgradeTarget extends SocketPattern {
  readonly context: Uws.us_socket_context_t;
}

function upgrade(res: Uws.HttpResponse, req: Uws.HttpRequest, target: UpgradeTarget): void {
  const { endpoint, front, isSmall, context } = target;
  if (req.getUrl() !== endpoint.path) {
    req.setYield(true);
    return;
  }
  const parsed = parsedOf(req);
  const decision = front.decide(parsed, endpoint);
  if (decision.kind === 'refuse') {
    front.refuse(parsed, res, decision.response);
    return;
  }
  if (decision.isSmall !== isSmall) {
    req.setYield(true);
    return;
  }
  const data: SocketData = { accepted: decision, socket: null, listener: null };
  const key = parsed.fields.find(([name]) => name === 'sec-websocket-key')?.[1] ?? '';
  res.writeStatus('101 Switching Protocols').writeHeader('x-request-id', decision.id);
  res.upgrade(data, key, decision.protocol ?? '', '', context);
}
