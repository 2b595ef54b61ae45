import { RequestError, refuseBody } from '../../core/errors.js';
import { LOG_LEVELS, logLevelOf, type Logger } from '../../observability/logger.js';
import {
  REQUEST_LOG_FORMATS,
  type RequestLog,
  type RequestLogOptions,
} from '../../observability/request-log.js';
import { FieldReader } from '../../http/field-reader.js';
import { plainResponse } from '../../http/http.js';
import { parseOptionalObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import { LOGGING_FIELDS } from './fields.js';

const NOT_HERE = ['dump_requests_folder', 'crash_dump_folder'];

/** `/configure_logging`: what is given changes, the rest stays. */
export function createLoggingRoutes(requests: RequestLog, log: Logger): readonly Route[] {
  return [
    {
      methods: ['GET', 'POST'],
      path: '/configure_logging',
      access: 'admin',
      handler: configure(requests, log),
    },
  ];
}

function configure(requests: RequestLog, log: Logger): Handler {
  return async (request, reply) => {
    const body = request.method === 'POST' ? await request.readBody() : new Uint8Array();
    const read = new FieldReader(parseOptionalObject(body, LOGGING_FIELDS), 'INVALID_JSON');
    const missing = NOT_HERE.find((name) => (read.string(name) ?? '') !== '');
    if (missing !== undefined) {
      const message = `${missing} is not supported by this version of the server.`;
      throw new RequestError('INVALID_REQUEST', message);
    }
    const level = oneOf(read, 'log_level', LOG_LEVELS);
    const changes = requestLogChanges(read);
    requests.configure(changes);
    if (level !== null) log.setLevel(logLevelOf(level));
    reply.send(plainResponse(200));
  };
}

function requestLogChanges(read: FieldReader): Partial<RequestLogOptions> {
  const isOn = read.boolean('log_requests');
  const level = read.integer('log_requests_level');
  const format = oneOf(read, 'log_requests_format', REQUEST_LOG_FORMATS);
  if (level !== null && (level < 0 || level > 3))
    refuseBody('log_requests_level must be in [0, 3].');
  return {
    ...(isOn === null ? {} : { isOn }),
    ...(level === null ? {} : { level }),
    ...(format === null ? {} : { format }),
  };
}

function oneOf<T extends string>(read: FieldReader, name: string, choices: readonly T[]): T | null {
  const value = read.string(name);
  if (value === null) return null;
  const choice = choices.find((one) => one === value);
  return choice ?? refuseBody(`${name} must be one of ${choices.join(', ')}.`);
}
