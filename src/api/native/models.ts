import { jsonResponse } from '../../http/http.js';
import type { ServedModel } from '../../engine/served-model.js';
import type { Route } from '../../http/router.js';

/** OpenAI's model list, with the one model that is served. */
export function createModelRoutes(model: ServedModel): readonly Route[] {
  const card = {
    id: model.servedName,
    object: 'model',
    created: model.createdAt,
    owned_by: 'sglang',
    root: model.servedName,
    parent: null,
    max_model_len: model.spec.contextLength,
  };
  return [
    {
      methods: ['GET'],
      path: '/v1/models',
      access: 'key',
      handler: (_, reply) => {
        reply.send(jsonResponse(200, { object: 'list', data: [card] }));
      },
    },
    {
      methods: ['GET'],
      path: '/v1/models/*',
      access: 'key',
      handler: (_, reply, tail) => {
        const name = decode(tail);
        const isServed = name === model.servedName;
        reply.send(isServed ? jsonResponse(200, card) : jsonResponse(404, notFound(name)));
      },
    },
  ];
}

function notFound(name: string): unknown {
  const message = `The model '${name}' does not exist`;
  return {
    error: { message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
  };
}

/** A name with a stray percent sign is looked up as it is. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
