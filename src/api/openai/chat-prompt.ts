import { RequestError } from '../../core/errors.js';
import { encoderFor, type EncodeDeps } from '../../engine/encode.js';
import type { ChatTemplate, TemplateInput } from '../../text/chat-template.js';
import { Dict } from '../../text/jinja/values.js';
import { FieldReader } from '../../http/field-reader.js';
import type { JsonObject } from '../../http/json.js';
import { parseMessages } from './chat-messages.js';
import { losslessBody } from './lossless.js';
import { templateKwargs, type ReasoningRequest } from './reasoning-request.js';
import { functionsAlone, shownTools, type ToolsRequest } from './tools-request.js';

/** A conversation as text, special tokens and all: nothing is added when it is tokenized. */
export interface ChatPrompt {
  readonly rendered: string;
  /** The beginning of the answer, with `continue_final_message`; tokenized by itself, as in SGLang. */
  readonly prefix: string;
  /** The variables that the request set. */
  readonly kwargs: Dict;
}

export interface ChatWishes {
  readonly tools: ToolsRequest;
  readonly reasoning: ReasoningRequest;
}

/** @throws RequestError, with the template's own message where it refuses the conversation */
export function renderChat(
  body: JsonObject,
  template: ChatTemplate | null,
  { tools, reasoning }: ChatWishes,
): ChatPrompt {
  const given = losslessBody(body);
  const format = template?.contentFormat ?? 'string';
  const messages = parseMessages(given.get('messages') ?? null, format);
  if (template === null) {
    const message =
      'The model has no chat template: start the server with --chat-template, or use /v1/completions.';
    throw new RequestError('INVALID_REQUEST', message);
  }
  const read = new FieldReader(body, 'INVALID_JSON');
  const isContinued = read.boolean('continue_final_message') ?? false;
  const { history, prefix } = splitFinal(messages, isContinued);
  const kwargs = templateKwargs(kwargsOf(given), reasoning);
  const rendered = renderWithTools(template, shownTools(given, tools), {
    messages: history,
    addGenerationPrompt: true,
    kwargs,
  });
  return { rendered, prefix, kwargs };
}

/** `chat_template_kwargs`. @throws RequestError */
function kwargsOf(body: Dict): Dict {
  const kwargs = body.get('chat_template_kwargs') ?? new Dict();
  if (kwargs instanceof Dict) return kwargs;
  throw new RequestError('INVALID_JSON', 'chat_template_kwargs must be an object.');
}

/** A template that cannot take tools as OpenAI describes them gets the functions alone, as in SGLang. */
function renderWithTools(
  template: ChatTemplate,
  tools: readonly Dict[] | null,
  input: TemplateInput,
): string {
  if (tools === null) return template.render(input);
  try {
    return template.render({ ...input, tools });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return template.render({ ...input, tools: functionsAlone(tools) });
  }
}

/** The ids of a conversation; nothing is added to what the template wrote. */
export async function encodeChat(
  { rendered, prefix }: Pick<ChatPrompt, 'rendered' | 'prefix'>,
  deps: EncodeDeps,
): Promise<number[]> {
  const encoder = encoderFor(deps);
  const ids = Array.from(await encoder.text(rendered, false));
  return prefix === '' ? ids : [...ids, ...(await encoder.text(prefix, false))];
}

interface Split {
  readonly history: readonly Dict[];
  readonly prefix: string;
}

/**
 * A conversation that ends with a text of the assistant is continued, or that text counts as the user's; what
 * it called or thought is left out then, as in SGLang.
 */
function splitFinal(messages: readonly Dict[], isContinued: boolean): Split {
  const last = messages.at(-1);
  const content = last?.get('content');
  if (last?.get('role') !== 'assistant' || typeof content !== 'string') {
    return { history: messages, prefix: '' };
  }
  const before = messages.slice(0, -1);
  if (isContinued) return { history: before, prefix: content };
  const asUser = Dict.of([
    ['role', 'user'],
    ['content', content],
  ]);
  return { history: [...before, asUser], prefix: '' };
}
