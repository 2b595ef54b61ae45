import { jsonResponse } from '../../http/http.js';
import type { Adapters } from '../../engine/adapters.js';
import type { ServedModel } from '../../engine/served-model.js';
import type { Route } from '../../http/router.js';

/** OpenAI's model list: the one model that is served, and its LoRA adapters. */
export function createModelRoutes(
  model: ServedModel,
  adapters: Pick<Adapters, 'loaded'> | null,
): readonly Route[] {
  const card: ModelCard = {
    id: model.servedName,
    object: 'model',
    created: model.createdAt,
    owned_by: 'sglang',
    root: model.servedName,
    parent: null,
    max_model_len: model.spec.contextLength,
  };
  const cards = (): readonly ModelCard[] => [
    card,
    ...(adapters?.loaded ?? []).map(({ name, path }) => ({
      ...card,
      id: name,
      root: path,
      parent: model.servedName,
      max_model_len: null,
    })),
  ];
  return [
    {
      methods: ['GET'],
      path: '/v1/models',
      access: 'key',
      handler: (_, reply) => {
        reply.send(jsonResponse(200, { object: 'list', data: cards() }));
      },
    },
    {
      methods: ['GET'],
      path: '/v1/models/*',
      access: 'key',
      handler: (_, reply, tail) => {
        const name = decode(tail);
        const found = cards().find(({ id }) => id === name);
        reply.send(
          found === undefined ? jsonResponse(404, notFound(name)) : jsonResponse(200, found),
        );
      },
    },
  ];
}

interface ModelCard {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  /** Of an adapter where it lies. */
  readonly root: string;
  /** The model that an adapter changes. */
  readonly parent: string | null;
  readonly max_model_len: number | null;
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
