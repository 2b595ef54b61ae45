import type { ServedModel } from '../../engine/served-model.js';
import { jsonResponse } from '../../http/http.js';
import type { Route } from '../../http/router.js';
import { newId, replyWithId } from './request-id.js';
import { routeError } from './spelling.js';

/** Anthropic's clients say so with every request. */
const VERSION_HEADER = 'anthropic-version';

/** `/v1/models` and `/v1/models/{model}`: `routes`, but for clients that name a version of Anthropic's API. */
export function withAnthropicModels(
  routes: readonly Route[],
  model: ServedModel,
): readonly Route[] {
  return routes.map((route) => ({
    ...route,
    handler: (request, reply, tail) => {
      if (!request.headers.has(VERSION_HEADER)) return route.handler(request, reply, tail);
      const response = route.path.endsWith('*') ? oneModel(model, tail) : modelList(model);
      replyWithId(reply, newId('req')).send(response);
    },
  }));
}

function modelList(model: ServedModel) {
  const { servedName } = model;
  const page = { has_more: false, first_id: servedName, last_id: servedName };
  return jsonResponse(200, { data: [cardOf(model)], ...page });
}

function oneModel(model: ServedModel, tail: string) {
  const { servedName } = model;
  const isServed = tail === servedName || tail === encodeURIComponent(servedName);
  if (isServed) return jsonResponse(200, cardOf(model));
  return routeError({ code: 'NOT_FOUND', message: `model: ${tail.slice(0, 200)}` });
}

function cardOf({ servedName, createdAt, spec }: ServedModel): unknown {
  return {
    type: 'model',
    id: servedName,
    display_name: servedName,
    created_at: new Date(createdAt * 1000).toISOString(),
    lifecycle: 'active',
    max_input_tokens: spec.contextLength,
    max_tokens: spec.contextLength,
  };
}
