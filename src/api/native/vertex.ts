import type { AnswerSink } from '../../engine/answer-sink.js';
import type { Failure } from '../../core/errors.js';
import { refuseBody } from '../../core/errors.js';
import { jsonResponse } from '../../http/http.js';
import {
  fieldOf,
  isObject,
  keepSource,
  parseJsonObject,
  type JsonObject,
} from '../../http/json.js';
import type { Handler } from '../../http/router.js';
import { askerOf } from '../asker.js';
import { answerHttp } from '../http-answer.js';
import { generate, type GenerateDeps } from './generate.js';
import { NATIVE_SPELLING } from './spelling.js';
import { VERTEX_FIELDS } from './fields.js';

/** What an instance may bring; the first instance says which of them all bring. */
const PROMPTS = ['text', 'input_ids', 'input_embeds'] as const;

/** POST `/vertex_generate`, Vertex AI's own route: instances as the prompts of one `/generate`. */
export function createVertexHandler(deps: GenerateDeps): Handler {
  return (request, reply) =>
    answerHttp(reply, NATIVE_SPELLING, async (sink) => {
      const body = parseJsonObject(await request.readBody(), VERTEX_FIELDS);
      const instances = instancesOf(body);
      const native = nativeBody(body, instances);
      if (instances.length === 0) reply.send(jsonResponse(200, []));
      else {
        await generate(native, new Predictions(sink), deps, askerOf(request, null));
      }
    });
}

function instancesOf(body: JsonObject): readonly JsonObject[] {
  const instances = fieldOf(body, 'instances');
  if (!Array.isArray(instances)) return refuseBody('instances must be a list of objects.');
  return instances.map((one: unknown) =>
    isObject(one) ? one : refuseBody('Each instance must be an object.'),
  );
}

function nativeBody(body: JsonObject, instances: readonly JsonObject[]): JsonObject {
  const parameters = fieldOf(body, 'parameters') ?? {};
  if (!isObject(parameters)) return refuseBody('parameters must be an object.');
  const [first = {}] = instances;
  const key = PROMPTS.find((name) => fieldOf(first, name) !== null);
  const native = {
    ...parameters,
    ...(key === undefined ? {} : { [key]: instances.map((one) => fieldOf(one, key)) }),
    ...imagesOf(instances),
  };
  keepSource(native, body, 'parameters');
  return native;
}

/** Handed on to be refused by name. */
function imagesOf(instances: readonly JsonObject[]): JsonObject {
  const images = instances.map((one) => fieldOf(one, 'image_data')).filter((one) => one !== null);
  return images.length === 0 ? {} : { image_data: images };
}

/** A whole answer is wrapped; a stream is that of `/generate`. */
class Predictions implements AnswerSink {
  readonly #sink: AnswerSink;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  get isClosed(): boolean {
    return this.#sink.isClosed;
  }

  onAbortable(abort: () => void, survivesClient: boolean): void {
    this.#sink.onAbortable(abort, survivesClient);
  }

  answer(value: unknown): void {
    this.#sink.answer({ predictions: value });
  }

  fail(failure: Failure): void {
    this.#sink.fail(failure);
  }

  startEvents(): ReturnType<AnswerSink['startEvents']> {
    return this.#sink.startEvents();
  }
}
