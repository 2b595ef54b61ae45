import type { Handler, Method, Route } from '../../http/router.js';
import type { OpenAiDeps } from '../openai/routes.js';
import { countTokensHandler, messagesHandler } from './handler.js';
import { routeError } from './spelling.js';

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE'];

/** Batches, and whatever else Anthropic has below the route. */
const isAbsent: Handler = (_, reply, tail) => {
  reply.send(routeError({ code: 'NOT_FOUND', message: `Not Found: ${tail.slice(0, 200)}` }));
};

/** Anthropic's Messages API: other words for what `/v1/chat/completions` does. */
export function createAnthropicRoutes(deps: OpenAiDeps): readonly Route[] {
  const route = (path: string, handler: Handler): Route => ({
    methods: ['POST'],
    path,
    access: 'key',
    requiresJson: true,
    errors: routeError,
    handler,
  });
  return [
    route('/v1/messages', messagesHandler(deps)),
    route('/v1/messages/count_tokens', countTokensHandler(deps)),
    {
      methods: METHODS,
      path: '/v1/messages/*',
      access: 'key',
      errors: routeError,
      handler: isAbsent,
    },
  ];
}
