import type { Handler, Route } from '../../http/router.js';
import type { OpenAiDeps } from '../openai/routes.js';
import { countTokensHandler, messagesHandler } from './handler.js';
import { routeError } from './spelling.js';

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
  ];
}
