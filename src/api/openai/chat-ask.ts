import { RequestError } from '../../core/errors.js';
import type { ChatTemplate } from '../../text/chat-template.js';
import type { ModelParsers } from '../../text/model-parsers.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { parseGenerateRequest } from '../native/generate-request.js';
import type { EncodeDeps } from '../../engine/encode.js';
import type { ContentPlan } from '../../engine/content-plan.js';
import type { GenerateEntry, GenerateRequest } from '../../engine/request.js';
import { Dict } from '../../text/jinja/values.js';
import { callIds, type CallIds } from './call-ids.js';
import { grammarFields } from './response-format.js';
import { planContent, type PlannedContent, type PromptForPlan } from './chat-content.js';
import { encodeChat, renderChat, type ChatWishes } from './chat-prompt.js';
import { parseCommonFields, type CommonContext, type CommonFields } from './common-fields.js';
import { parseExtras, type ExtrasRequest } from './choice-extras.js';
import { checkEffort, parseReasoning } from './reasoning-request.js';
import { parseTools } from './tools-request.js';

export interface ChatContext extends CommonContext {
  readonly tokenizer: Tokenizer;
  readonly encodeQueue: EncodeDeps['encodeQueue'];
  readonly template: ChatTemplate | null;
  readonly parsers: ModelParsers;
  /** `--context-length`, where it was given: only then is a large limit an error of its own. */
  readonly givenContextLength: number | null;
}

/** A conversation as the native request it comes down to, and how the text of its answer is read. */
export interface ChatAsk extends Pick<CommonFields, 'model' | 'includeUsage' | 'continuousUsage'> {
  readonly extras: ExtrasRequest;
  readonly generate: GenerateRequest;
  readonly plan: ContentPlan;
  readonly callIds: CallIds;
}

/** What becomes of a rendered prompt's ids. */
export type AdaptIds = (ids: readonly number[]) => readonly number[];

/** A `/v1/chat/completions` body, or one that another dialect made of its own. @throws RequestError */
export async function parseChatAsk(
  body: JsonObject,
  context: ChatContext,
  adaptIds: AdaptIds = (ids) => ids,
): Promise<ChatAsk> {
  const common = parseCommonFields(body, context);
  const read = new FieldReader(body, 'INVALID_JSON');
  const tools = parseTools(body);
  const reasoning = parseReasoning(body);
  checkEffort(reasoning.effort, context.parsers.reasoning);
  const maxNewTokens = read.integer('max_completion_tokens') ?? read.integer('max_tokens');
  checkLimit(maxNewTokens, context.givenContextLength);
  const prompt = await promptOf(body, context, { tools, reasoning, adaptIds });
  const hasGrammar = Object.keys(grammarFields(body)).length > 0;
  const content = planContent(prompt, { tools, reasoning, hasGrammar }, context);
  const native = {
    ...common.native,
    input_ids: prompt.ids,
    sampling_params: {
      ...common.sampling,
      ...(content.keepsSpecialTokens ? { skip_special_tokens: false } : {}),
      max_new_tokens: maxNewTokens,
    },
    return_logprob: read.boolean('logprobs') ?? false,
    top_logprobs_num: read.integer('top_logprobs'),
  };
  const generate = parseGenerateRequest(native, context.generate);
  return {
    ...common,
    extras: parseExtras(read, 'chat'),
    generate: { ...generate, entries: generate.entries.map((entry) => bound(entry, content)) },
    plan: content.plan,
    callIds: callIds(context.parsers.tool, body),
  };
}

/** The same request, but a limit that does not fit behind its prompt is what fits, as most dialects have it. */
export function limitedByRoom(generate: GenerateRequest): GenerateRequest {
  const entries = generate.entries.map((entry) => ({
    ...entry,
    sampling: { ...entry.sampling, isMaxNewTokensExplicit: false },
  }));
  return { ...generate, entries };
}

/** Tokens of a conversation's prompt. */
export function numPromptTokens({ generate }: Pick<ChatAsk, 'generate'>): number {
  const prompt = generate.entries[0]?.prompt;
  return prompt?.kind === 'ids' ? prompt.ids.length : 0;
}

/** `input_ids` stand for the whole prompt: no template then. */
async function promptOf(
  body: JsonObject,
  context: ChatContext,
  { adaptIds, ...wishes }: ChatWishes & { readonly adaptIds: AdaptIds },
): Promise<PromptForPlan> {
  const given = fieldOf(body, 'input_ids');
  if (given !== null) {
    if (Array.isArray(given) && !Array.isArray(given[0])) {
      return { ids: given, rendered: null, prefix: '', kwargs: new Dict() };
    }
    throw new RequestError('INVALID_JSON', 'input_ids must be a list of integers.');
  }
  const prompt = renderChat(body, context.template, wishes);
  return { ...prompt, ids: adaptIds(await encodeChat(prompt, context)) };
}

/** With what its answer must match: what the request says, else what its calls are bound to, after the thought. */
function bound(entry: GenerateEntry, { thought, spec, after }: PlannedContent): GenerateEntry {
  const { grammar } = entry.sampling;
  const wanted = grammar?.spec ?? spec;
  const sampling = {
    ...entry.sampling,
    grammar: wanted === null ? null : { spec: wanted, after },
  };
  return { ...entry, sampling, thought };
}

function checkLimit(maxNewTokens: number | null, contextLength: number | null): void {
  if (maxNewTokens === null || contextLength === null || maxNewTokens <= contextLength) return;
  const message =
    `max_completion_tokens is too large: ${maxNewTokens}.` +
    `This model supports at most ${contextLength} completion tokens.`;
  throw new RequestError('INVALID_REQUEST', message);
}
