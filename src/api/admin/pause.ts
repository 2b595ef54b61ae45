import { RequestError } from '../../core/errors.js';
import type { Engine } from '../../engine/engine.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse } from '../../http/http.js';
import { parseOptionalObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import { PAUSE_FIELDS } from './fields.js';

const MODES: Readonly<Record<string, 'abort' | 'retract' | 'inPlace'>> = {
  abort: 'abort',
  retract: 'retract',
  in_place: 'inPlace',
};

/** `/pause_generation` and `/continue_generation`; both bodies may be left out. */
export function createPauseRoutes(engine: Engine): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: '/pause_generation',
      access: 'admin',
      handler: pauseHandler(engine),
    },
    {
      methods: ['POST'],
      path: '/continue_generation',
      access: 'admin',
      handler: continueHandler(engine),
    },
  ];
}

function pauseHandler(engine: Engine): Handler {
  return async (request, reply) => {
    const read = new FieldReader(
      parseOptionalObject(await request.readBody(), PAUSE_FIELDS),
      'INVALID_JSON',
    );
    const name = read.string('mode') ?? 'abort';
    const mode = Object.hasOwn(MODES, name) ? MODES[name] : undefined;
    if (mode === undefined) {
      const message = `mode must be one of abort, retract, in_place, got '${name.slice(0, 80)}'.`;
      throw new RequestError('INVALID_JSON', message);
    }
    await engine.pause(mode);
    reply.send(jsonResponse(200, { message: 'Generation paused successfully.', status: 'ok' }));
  };
}

function continueHandler(engine: Engine): Handler {
  return async (request, reply) => {
    parseOptionalObject(await request.readBody());
    engine.continue();
    reply.send(jsonResponse(200, { message: 'Generation continued successfully.', status: 'ok' }));
  };
}
