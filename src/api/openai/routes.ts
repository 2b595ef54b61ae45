import type { ServerArgs } from '../../config/server-args.js';
import { RequestError } from '../../core/errors.js';
import type { SamplingDefaults } from '../../core/sampling-params.js';
import { detectFim, FIM_FORMATS, type FimFormat } from '../../text/fim.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { ServedModel } from '../../engine/served-model.js';
import type { GenerateDeps } from '../native/generate.js';
import type { Fields } from '../../http/fields.js';
import type { Route } from '../../http/router.js';
import type { ChatContext } from './chat-ask.js';
import { parseChatRequest } from './chat-request.js';
import { CHAT_FIELDS, COMPLETION_FIELDS } from './fields.js';
import { parseCompletionRequest } from './completion-request.js';
import {
  createOpenAiHandler,
  openAiAnswerer,
  type AnswerBody,
  type AnswerDeps,
} from './handler.js';

const NO_DEFAULTS: SamplingDefaults = {
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  repetitionPenalty: null,
};

export interface OpenAiDeps {
  readonly args: ServerArgs;
  readonly model: ServedModel;
  readonly generation: GenerateDeps;
}

/** What reads a conversation, whatever dialect it comes in. @throws RequestError with `--skip-tokenizer-init` */
export function chatContext({ args, model, generation }: OpenAiDeps): ChatContext {
  return {
    generate: generation.context,
    tokenizer: tokenizerOf(model),
    encodeQueue: generation.encodeQueue,
    template: model.chatTemplate,
    parsers: model.parsers,
    defaults: args.samplingDefaults === 'model' ? model.samplingDefaults : NO_DEFAULTS,
    servedName: model.servedName,
    includeUsageByDefault: args.streamResponseDefaultIncludeUsage,
    givenContextLength: args.contextLength,
  };
}

/** The two routes by how they answer a body, wherever the answer goes. */
export interface OpenAiAnswerers {
  readonly chat: AnswerBody;
  readonly completions: AnswerBody;
}

/** `/v1/chat/completions` and `/v1/completions`: other words for what `/generate` does. */
export function openAiAnswerers(openAi: OpenAiDeps): OpenAiAnswerers {
  const deps: AnswerDeps = {
    ...openAi.generation,
    cacheReport: openAi.args.enableCacheReport,
  };
  const context = (): ChatContext => chatContext(openAi);
  const fim = fimFormat(openAi);
  return {
    chat: openAiAnswerer((body) => parseChatRequest(body, context()), deps),
    completions: openAiAnswerer(
      (body) => parseCompletionRequest(body, { ...context(), fim }),
      deps,
    ),
  };
}

export function createOpenAiRoutes(
  { chat, completions }: OpenAiAnswerers,
  dpSize: number,
): readonly Route[] {
  const route = (
    path: string,
    answerBody: AnswerBody,
    fields: Fields,
    requiresJson = true,
  ): Route => ({
    methods: ['POST'],
    path,
    access: 'key',
    requiresJson,
    handler: createOpenAiHandler(answerBody, fields, dpSize),
  });
  return [
    route('/v1/chat/completions', chat, CHAT_FIELDS),
    route('/v1/completions', completions, COMPLETION_FIELDS),
    // SageMaker's name for a chat, with whatever content type it sends.
    route('/invocations', chat, CHAT_FIELDS, false),
  ];
}

/** The one that was asked for, else the tokenizer's own. */
function fimFormat({ args, model }: OpenAiDeps): FimFormat | null {
  if (args.completionTemplate !== 'auto') return FIM_FORMATS[args.completionTemplate];
  return model.tokenizer === null ? null : detectFim(model.tokenizer);
}

function tokenizerOf({ tokenizer }: ServedModel): Tokenizer {
  if (tokenizer !== null) return tokenizer;
  const message =
    'This route answers with text, which a server started with --skip-tokenizer-init does not have.';
  throw new RequestError('INVALID_REQUEST', message);
}
