import { RequestError } from '../../core/errors.js';
import type { SessionParams } from '../../engine/request.js';
import type { Fields } from '../../http/fields.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse, plainResponse, type HttpRequest } from '../../http/http.js';
import { isObject, parseOptionalObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import type { Sessions } from '../../engine/sessions.js';
import { CLOSE_SESSION_FIELDS, OPEN_SESSION_FIELDS } from './fields.js';

const MAX_ID_LENGTH = 1024;

/** `/open_session` and `/close_session`. */
export function createSessionRoutes(sessions: Sessions): readonly Route[] {
  const methods = ['GET', 'POST'] as const;
  return [
    { methods, path: '/open_session', access: 'key', handler: openHandler(sessions) },
    { methods, path: '/close_session', access: 'key', handler: closeHandler(sessions) },
  ];
}

function openHandler(sessions: Sessions): Handler {
  return async (request, reply) => {
    const read = await fieldsOf(request, OPEN_SESSION_FIELDS);
    if (read.integer('capacity_of_str_len') === null) {
      throw new RequestError('INVALID_JSON', 'capacity_of_str_len must be an integer.');
    }
    const timeout = read.number('timeout');
    if (timeout !== null && timeout <= 0) {
      throw new RequestError('INVALID_JSON', 'timeout must be more than 0 seconds.');
    }
    const id = read.string('session_id');
    if (id !== null && id.length > MAX_ID_LENGTH) {
      throw new RequestError(
        'INVALID_JSON',
        `session_id may have at most ${MAX_ID_LENGTH} characters.`,
      );
    }
    reply.send(jsonResponse(200, sessions.open(id, timeout)));
  };
}

function closeHandler(sessions: Sessions): Handler {
  return async (request, reply) => {
    const id = (await fieldsOf(request, CLOSE_SESSION_FIELDS)).string('session_id');
    if (id === null) throw new RequestError('INVALID_JSON', 'session_id must be a string.');
    sessions.close(id);
    reply.send(plainResponse(200));
  };
}

async function fieldsOf(request: HttpRequest, fields: Fields): Promise<FieldReader> {
  return new FieldReader(parseOptionalObject(await request.readBody(), fields), 'INVALID_JSON');
}

/** `session_params` of a `/generate` body; null when it names no session. @throws RequestError */
export function parseSessionParams(body: FieldReader, isSingle: boolean): SessionParams | null {
  const params = body.raw('session_params');
  if (params === null) return null;
  if (!isObject(params)) {
    throw new RequestError('INVALID_JSON', 'session_params must be an object.');
  }
  const read = new FieldReader(params, 'INVALID_JSON');
  const id = read.string('id');
  if (id === null) return null;
  const offset = read.integer('offset') ?? 0;
  if (offset < 0) throw new RequestError('INVALID_REQUEST', 'offset must be at least 0.');
  if (!isSingle) {
    throw new RequestError('INVALID_REQUEST', 'session_params is for one prompt and one sample.');
  }
  return {
    id,
    rid: read.string('rid'),
    offset,
    replace: read.boolean('replace') ?? false,
    dropPreviousOutput: read.boolean('drop_previous_output') ?? false,
  };
}
