import type { ContentPlan } from '../../engine/content-plan.js';
import type { GenerateRequest } from '../../engine/request.js';
import { refuse } from '../../core/errors.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import type { Dict, Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { chatModelOf } from '../openai/adapter-name.js';
import { limitedByRoom, type ChatAsk, type ChatContext } from '../openai/chat-ask.js';
import type { CallIds } from '../openai/call-ids.js';
import type { OpenAiDeps } from '../openai/routes.js';
import type { Abilities } from './abilities.js';
import { MAX_TOP_LOGPROBS } from './fields.js';
import { responseFormat } from './format.js';
import { optionFields } from './options.js';
import type { ShowDelta } from './render.js';
import { samplingDefaults } from './sampling-defaults.js';
import { timestamp } from './timings.js';
import type { Think } from './think.js';

export interface OllamaDeps extends OpenAiDeps {
  readonly abilities: Abilities;
}

/** A request that the model answers. */
export interface ModelAsk {
  readonly kind: 'ask';
  readonly model: string;
  readonly show: ShowDelta;
  readonly generate: GenerateRequest;
  readonly plan: ContentPlan;
  readonly callIds: CallIds;
  readonly showsThoughts: boolean;
  readonly givesContext: boolean;
}

/** A request without a prompt, which asks to load the model or to unload it: it is answered at once. */
export interface IdleAsk {
  readonly kind: 'idle';
  readonly answer: unknown;
}

export type OllamaAsk = ModelAsk | IdleAsk;

interface CommonOptions {
  readonly model: string;
  readonly contextLength: number;
  readonly chat: ChatContext;
}

/** The fields of the chat body that both routes fill alike. @throws RequestError */
export function commonFields(
  body: JsonObject,
  given: Dict,
  { model, contextLength, chat }: CommonOptions,
): Readonly<Record<string, Value>> {
  const read = new FieldReader(body, 'INVALID_JSON');
  const numTop = read.integer('top_logprobs') ?? 0;
  if (numTop < 0 || numTop > MAX_TOP_LOGPROBS) {
    refuse(`top_logprobs must be between 0 and ${MAX_TOP_LOGPROBS}`);
  }
  const wantsLogprobs = read.boolean('logprobs') ?? false;
  return {
    ...samplingDefaults(chat),
    // A tag means nothing else here.
    model: chat.generate.takesAdapters ? chatModelOf(model, chat.servedName) : null,
    ...optionFields(body, given, contextLength),
    stream: read.boolean('stream') ?? true,
    response_format: responseFormat(dictField(given, 'format')),
    logprobs: wantsLogprobs,
    top_logprobs: wantsLogprobs ? numTop : null,
    return_cache_info: read.boolean('return_cache_info'),
  };
}

export function modelAsk(
  { generate, plan, callIds }: ChatAsk,
  rest: Pick<ModelAsk, 'model' | 'show' | 'givesContext'> & { readonly think: Think },
): ModelAsk {
  const { think, ...shown } = rest;
  return {
    kind: 'ask',
    ...shown,
    generate: limitedByRoom(generate),
    plan,
    callIds,
    showsThoughts: think.isShown,
  };
}

/** What a request without a prompt is answered with. */
export function idleAsk(model: string, show: ShowDelta, isUnload: boolean): IdleAsk {
  const shown = show({ text: '', thinking: '', calls: [] });
  const done_reason = isUnload ? 'unload' : 'load';
  return {
    kind: 'idle',
    answer: { model, created_at: timestamp(), ...shown, done: true, done_reason },
  };
}

/** Tools that a request offers; a list without any offers none. */
export function hasTools(body: JsonObject): boolean {
  const tools = fieldOf(body, 'tools');
  return tools !== null && !(Array.isArray(tools) && tools.length === 0);
}
