import { failureFrom, RequestError } from '../../core/errors.js';
import type { ServedModel } from '../../engine/served-model.js';
import { FieldReader } from '../../http/field-reader.js';
import { parseJsonObject } from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { answerHttp } from '../http-answer.js';
import { PULL_FIELDS } from './fields.js';
import { digestOf } from './model-card.js';
import { isServed, modelNameOf } from './model-name.js';
import { OLLAMA } from './spelling.js';

/** Ollama's own words for what its registry does not have. */
const NOT_THERE = 'pull model manifest: file does not exist';

/** POST `/api/pull`: of the served model the progress of one that is there; of any other the error. */
export function createPullHandler(model: ServedModel): Handler {
  return (request, reply) =>
    answerHttp(reply, OLLAMA, async (sink) => {
      const body = parseJsonObject(await request.readBody(), PULL_FIELDS);
      const isThere = isServed(modelNameOf(body), model.servedName);
      const streams = new FieldReader(body, 'INVALID_JSON').boolean('stream') ?? true;
      if (!streams) {
        if (!isThere) throw new RequestError('INTERNAL', NOT_THERE);
        sink.answer({ status: 'success' });
        return;
      }
      const events = sink.startEvents();
      if (!isThere) {
        events.send({ status: 'pulling manifest' });
        events.fail(failureFrom(new RequestError('INTERNAL', NOT_THERE)));
        return;
      }
      const lines = progressOf(model);
      for (const line of lines) events.send(line);
      events.end({ status: 'success' });
    });
}

function progressOf(model: ServedModel): readonly unknown[] {
  const digest = digestOf(model);
  const size = model.spec.weightBytes;
  return [
    { status: 'pulling manifest' },
    {
      status: `pulling ${digest.slice(0, 12)}`,
      digest: `sha256:${digest}`,
      total: size,
      completed: size,
    },
    { status: 'verifying sha256 digest' },
    { status: 'writing manifest' },
  ];
}
