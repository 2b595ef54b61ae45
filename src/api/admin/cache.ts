import { RequestError } from '../../core/errors.js';
import type { Engine } from '../../engine/engine.js';
import { FieldReader } from '../../http/field-reader.js';
import { plainResponse, type HttpRequest } from '../../http/http.js';
import { parseJsonObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import { ABORT_FIELDS } from './fields.js';

const FLUSHED =
  'Cache flushed.\nPlease check backend logs for more details. (When there are running or waiting requests, the operation will not be performed.)\n';
/** Longest that `?timeout=` waits for the server to become idle. */
const MAX_FLUSH_WAIT_S = 300;

/** `/flush_cache` and `/abort_request`. */
export function createCacheRoutes(engine: Engine): readonly Route[] {
  return [
    {
      methods: ['GET', 'POST'],
      path: '/flush_cache',
      access: 'admin',
      handler: flushHandler(engine),
    },
    { methods: ['POST'], path: '/abort_request', access: 'admin', handler: abortHandler(engine) },
  ];
}

function flushHandler(engine: Engine): Handler {
  return async (request, reply) => {
    const deadline = new Deadline(1000 * waitSeconds(request));
    reply.onClientLeft(() => {
      deadline.pass();
    });
    let failure = await engine.desk.flushCache();
    while (failure !== null && !deadline.hasPassed) {
      await Promise.race([engine.allEnded(), deadline.passed]);
      failure = await engine.desk.flushCache();
    }
    deadline.pass();
    if (failure === null) reply.send(plainResponse(200, FLUSHED));
    else reply.send(plainResponse(400, failure === '' ? 'Flush cache failed.\n' : failure));
  };
}

/** A time that nobody waits beyond. */
class Deadline {
  readonly passed: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #resolve: () => void = () => undefined;
  #hasPassed: boolean;

  constructor(ms: number) {
    this.#hasPassed = ms <= 0;
    this.passed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setTimeout(() => {
      this.pass();
    }, ms);
  }

  get hasPassed(): boolean {
    return this.#hasPassed;
  }

  pass(): void {
    clearTimeout(this.#timer);
    this.#hasPassed = true;
    this.#resolve();
  }
}

function waitSeconds({ query }: HttpRequest): number {
  const text = query.get('timeout');
  const seconds = text === null ? 0 : Number(text);
  if (text === '' || !(seconds >= 0)) {
    throw new RequestError('INVALID_JSON', 'timeout must be a number of seconds, at least 0.');
  }
  return Math.min(seconds, MAX_FLUSH_WAIT_S);
}

/** Fire and forget, as in SGLang: unknown rids are no error, an empty one without `abort_all` is ignored. */
function abortHandler(engine: Engine): Handler {
  return async (request, reply) => {
    const read = new FieldReader(
      parseJsonObject(await request.readBody(), ABORT_FIELDS),
      'INVALID_JSON',
    );
    const rid = read.string('rid') ?? '';
    const all = read.boolean('abort_all') ?? false;
    const message = read.string('abort_message');
    if (all || rid !== '') engine.abortByRid(rid, all, message);
    reply.send(plainResponse(200));
  };
}
