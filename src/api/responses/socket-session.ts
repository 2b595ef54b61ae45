import { failureFrom, RequestError, statusOf, type Failure } from '../../core/errors.js';
import type { Asker } from '../../engine/asker.js';
import { fieldOf, parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Socket, SocketListener } from '../../http/socket.js';
import { CLOSE, SOCKET_LIMITS } from '../ws/limits.js';
import { Outlet } from '../ws/outlet.js';
import type { SocketLog } from '../ws/socket-log.js';
import { ParamError } from './errors.js';
import { SOCKET_FIELDS } from './fields.js';
import type { ResponsesDeps } from './prepare.js';
import { createSocketResponse } from './responses.js';
import { SocketMemory } from './socket-memory.js';
import { errorEvent, SocketResponse } from './socket-response.js';

/** Responses of one socket that wait or grow; one more is an error. */
export const MAX_RESPONSES = 16;
const MAX_LANE_CHARS = 128;

export interface SessionOptions {
  readonly asker: Asker;
  readonly deps: ResponsesDeps;
  readonly log: Pick<SocketLog, 'failed'>;
  readonly maxMessageBytes: number;
  readonly onClose: (session: ResponsesSession) => void;
}

interface Ask {
  readonly body: JsonObject;
  readonly lane: string | null;
}

/**
 * One socket as OpenAI's `responses.connect()` speaks it: `response.create` with the body of `POST /v1/responses`, and
 * the events of its stream. Responses of one lane (`stream_id`) come one after the other, lanes side by side.
 */
export class ResponsesSession implements SocketListener {
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #outlet: Outlet;
  readonly #memory: SocketMemory;
  readonly #live = new Map<string | null, SocketResponse>();
  #waiting: Ask[] = [];

  constructor(socket: Socket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#outlet = new Outlet(socket, SOCKET_LIMITS);
    this.#memory = new SocketMemory(options.deps.store);
  }

  onMessage(data: Uint8Array, isBinary: boolean): void {
    if (this.#socket.isClosed) return;
    const { maxMessageBytes } = this.#options;
    if (isBinary) {
      this.close(CLOSE.unsupportedData, 'Messages are JSON text.');
    } else if (data.byteLength > maxMessageBytes) {
      this.close(CLOSE.messageTooBig, `A message is at most ${maxMessageBytes} bytes.`);
    } else {
      this.#read(data);
    }
  }

  onDrain(): void {
    this.#outlet.drained();
    for (const response of [...this.#live.values()]) response.drained();
  }

  onClose(): void {
    this.#outlet.close();
    this.#waiting = [];
    for (const response of this.#live.values()) response.leave();
    this.#live.clear();
    this.#memory.close();
    this.#options.onClose(this);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #read(data: Uint8Array): void {
    let lane: string | null = null;
    try {
      const body = parseJsonObject(data, SOCKET_FIELDS);
      lane = laneOf(body);
      checkType(fieldOf(body, 'type'));
      if (this.#waiting.length + this.#live.size >= MAX_RESPONSES) {
        const message = `At most ${MAX_RESPONSES} responses may wait or grow on one socket.`;
        throw new RequestError('QUEUE_FULL', message);
      }
      this.#waiting.push({ body, lane });
      this.#startNext();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const param = error instanceof ParamError ? error.param : null;
      this.#refuse(failureFrom(error), param, lane);
    }
  }

  /** The first of every lane that is idle. */
  #startNext(): void {
    for (const ask of [...this.#waiting]) {
      if (this.#live.has(ask.lane)) continue;
      this.#waiting = this.#waiting.filter((one) => one !== ask);
      this.#start(ask);
    }
  }

  #start({ body, lane }: Ask): void {
    const { asker, deps } = this.#options;
    const previousId = fieldOf(body, 'previous_response_id');
    const response = new SocketResponse(this.#outlet, lane, {
      onEnd: (hasFailed) => {
        this.#live.delete(lane);
        if (hasFailed && typeof previousId === 'string') this.#memory.forget(previousId);
        this.#startNext();
      },
      onFailed: (failure) => {
        this.#note(failure, lane);
      },
    });
    this.#live.set(lane, response);
    const memory = this.#memory;
    createSocketResponse(body, response, asker, { ...deps, memory }).catch((error: unknown) => {
      const failure = failureFrom(error);
      if (failure.code === 'INTERNAL') deps.onError(error);
      response.fail(failure, error instanceof ParamError ? error.param : null);
    });
  }

  #note({ code, message }: Failure, lane: string | null): void {
    this.#options.log.failed({ name: lane, status: statusOf(code), sentence: message });
  }

  /** What was no ask at all. A client that sends such and reads nothing is closed. */
  #refuse(failure: Failure, param: string | null, lane: string | null): void {
    this.#note(failure, lane);
    if (!this.#outlet.isWritable) {
      this.close(CLOSE.policyViolation, 'Too many unread errors.');
      return;
    }
    const stream = lane === null ? {} : { stream_id: lane };
    this.#outlet.writeText(JSON.stringify({ ...errorEvent(failure, param), ...stream }));
  }
}

function laneOf(body: JsonObject): string | null {
  const lane = fieldOf(body, 'stream_id');
  if (lane === null) return null;
  if (typeof lane === 'string' && lane.length <= MAX_LANE_CHARS) return lane;
  const message = `stream_id must be a string of at most ${MAX_LANE_CHARS} characters.`;
  throw new ParamError('INVALID_REQUEST', message, 'stream_id');
}

function checkType(type: unknown): void {
  if (type === 'response.create') return;
  const message =
    type === 'response.steer'
      ? 'response.steer is not supported by this version of the server yet.'
      : 'type must be "response.create".';
  throw new ParamError('INVALID_REQUEST', message, 'type');
}
