import type { Knobs } from '../../messages.js';
import type { Engine } from '../../engine/engine.js';
import { coerceNumber } from '../../http/coerce.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse, plainResponse } from '../../http/http.js';
import { isObject, parseJsonObject } from '../../http/json.js';
import { RequestError } from '../../core/errors.js';
import type { Handler, Route } from '../../http/router.js';
import { INTERNAL_STATE_FIELDS } from './fields.js';

/** Numbers of the scheduler that may change while it runs, with their smallest values. */
const KNOBS: Readonly<Record<string, readonly [name: keyof Knobs, min: number]>> = {
  max_queued_requests: ['maxQueuedRequests', 1],
  chunked_prefill_size: ['chunkedPrefillSize', 1],
  max_prefill_tokens: ['maxPrefillTokens', 1],
  decode_log_interval: ['decodeLogInterval', 1],
};

/** `/set_internal_state`, and `/freeze_gc`, for which this runtime has nothing to do. */
export function createInternalStateRoutes(engine: Engine, dpSize: number): readonly Route[] {
  return [
    {
      methods: ['POST', 'PUT'],
      path: '/set_internal_state',
      access: 'admin',
      handler: setter(engine, dpSize),
    },
    {
      methods: ['GET', 'POST'],
      path: '/freeze_gc',
      access: 'admin',
      handler: (_, reply) => {
        reply.send(plainResponse(200, 'Garbage collection frozen.\n'));
      },
    },
  ];
}

/** All or nothing: one answer per device, false where a name or value is not accepted. */
function setter(engine: Engine, dpSize: number): Handler {
  return async (request, reply) => {
    const read = new FieldReader(
      parseJsonObject(await request.readBody(), INTERNAL_STATE_FIELDS),
      'INVALID_JSON',
    );
    const args = read.raw('server_args');
    if (!isObject(args) || !Object.values(args).every(isNumber)) {
      throw new RequestError('INVALID_JSON', 'server_args must be an object of numbers.');
    }
    const knobs = readKnobs(args);
    if (knobs !== null) engine.desk.setKnobs(knobs);
    reply.send(
      jsonResponse(
        200,
        Array.from({ length: dpSize }, () => knobs !== null),
      ),
    );
  };
}

/** As pydantic takes one. */
function isNumber(value: unknown): boolean {
  return coerceNumber(value) !== undefined;
}

function readKnobs(args: Readonly<Record<string, unknown>>): Knobs | null {
  const knobs: Record<string, number> = {};
  for (const [key, value] of Object.entries(args)) {
    const knob = Object.hasOwn(KNOBS, key) ? KNOBS[key] : undefined;
    if (knob === undefined || !Number.isSafeInteger(value)) return null;
    const [name, min] = knob;
    if ((value as number) < min) return null;
    knobs[name] = value as number;
  }
  return knobs;
}
