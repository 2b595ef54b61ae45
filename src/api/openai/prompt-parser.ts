import { refuse } from '../../core/errors.js';
import type { GenerateRequest } from '../../engine/request.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import { parseChatAsk } from './chat-ask.js';
import { chatContext, type OpenAiDeps } from './routes.js';

const NOT_GENERATION = 'This model does not generate text: it caches no prompts.';

/** Reads a prompt as `/generate` does, or, where it has `messages`, as `/v1/chat/completions`. @throws RequestError */
export function promptParser(deps: OpenAiDeps): (body: JsonObject) => Promise<GenerateRequest> {
  return async (body) => {
    if (!deps.generation.isGeneration) refuse(NOT_GENERATION);
    if (fieldOf(body, 'messages') === null) {
      return parseGenerateRequest(body, deps.generation.context);
    }
    return (await parseChatAsk(body, chatContext(deps))).generate;
  };
}
