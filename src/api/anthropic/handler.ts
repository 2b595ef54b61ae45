import { askedBy } from '../../engine/asker.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { Shape } from '../../http/fields.js';
import { parseShapedObject, type JsonObject } from '../../http/json.js';
import type { HttpRequest } from '../../http/http.js';
import type { Handler } from '../../http/router.js';
import { answerGenerate } from '../answer-generate.js';
import { askerOf } from '../asker.js';
import { answerHttp } from '../http-answer.js';
import { chatContext, type OpenAiDeps } from '../openai/routes.js';
import { COUNT_TOKENS, MESSAGES } from './fields.js';
import { MessageRenderer } from './render.js';
import { newId, replyWithId } from './request-id.js';
import { countPromptTokens, parseMessagesAsk } from './request.js';
import { dialectOf } from './spelling.js';
import { threadRefusal } from './thread.js';

/** `POST /v1/messages` */
export function messagesHandler(deps: OpenAiDeps): Handler {
  return handlerOf(MESSAGES, async (body, sink, request) => {
    const { generation, args } = deps;
    const id = newId('msg');
    const context = chatContext(deps);
    const ask = await parseMessagesAsk(body, id, context, generation.limits);
    const generate = askedBy(ask.generate, askerOf(request, args.dpSize));
    await answerGenerate(generate, new MessageRenderer(ask, context.tokenizer), sink, generation);
  });
}

/** `POST /v1/messages/count_tokens` */
export function countTokensHandler(deps: OpenAiDeps): Handler {
  return handlerOf(COUNT_TOKENS, async (body, sink) => {
    sink.answer({ input_tokens: await countPromptTokens(body, chatContext(deps)) });
  });
}

type Act = (body: JsonObject, sink: AnswerSink, request: HttpRequest) => Promise<void>;

function handlerOf(shape: Shape, act: Act): Handler {
  return (request, reply) => {
    const id = newId('req');
    const named = replyWithId(reply, id);
    return answerHttp(named, dialectOf(id), async (sink) => {
      const body = parseShapedObject(await request.readBody(), shape);
      const refusal = threadRefusal(body, id);
      if (refusal === null) await act(body, sink, request);
      else named.send(refusal);
    });
  };
}
