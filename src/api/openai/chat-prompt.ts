import { RequestError } from '../../core/errors.js';
import { encoderFor, type EncodeDeps } from '../../engine/encode.js';
import type { ChatTemplate, TemplateMessage } from '../../text/chat-template.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { parseMessages, partsText } from './chat-messages.js';

/** A conversation as text, special tokens and all: nothing is added when it is tokenized. */
export interface ChatPrompt {
  readonly rendered: string;
  /** The beginning of the answer, with `continue_final_message`; tokenized by itself, as in SGLang. */
  readonly prefix: string;
}

/** @throws RequestError, with the template's own message where it refuses the conversation */
export function renderChat(body: JsonObject, template: ChatTemplate | null): ChatPrompt {
  const messages = parseMessages(fieldOf(body, 'messages'), template?.contentFormat ?? 'string');
  if (template === null) {
    const message =
      'The model has no chat template: start the server with --chat-template, or use /v1/completions.';
    throw new RequestError('INVALID_REQUEST', message);
  }
  const read = new FieldReader(body, 'INVALID_JSON');
  const isContinued = read.boolean('continue_final_message') ?? false;
  const { history, prefix } = splitFinal(messages, isContinued);
  const kwargs = read.raw('chat_template_kwargs') ?? {};
  if (!isObject(kwargs)) {
    throw new RequestError('INVALID_JSON', 'chat_template_kwargs must be an object.');
  }
  const rendered = template.render({ messages: history, addGenerationPrompt: true, kwargs });
  return { rendered, prefix };
}

/** The ids of a conversation; nothing is added to what the template wrote. */
export async function encodeChat(
  { rendered, prefix }: ChatPrompt,
  deps: EncodeDeps,
): Promise<number[]> {
  const encoder = encoderFor(deps);
  const ids = Array.from(await encoder.text(rendered, false));
  return prefix === '' ? ids : [...ids, ...(await encoder.text(prefix, false))];
}

interface Split {
  readonly history: readonly TemplateMessage[];
  readonly prefix: string;
}

/** A conversation that ends with the assistant is continued, or its last message counts as the user's. */
function splitFinal(messages: readonly TemplateMessage[], isContinued: boolean): Split {
  const last = messages.at(-1);
  if (last?.['role'] !== 'assistant') return { history: messages, prefix: '' };
  const before = messages.slice(0, -1);
  if (!isContinued) return { history: [...before, { ...last, role: 'user' }], prefix: '' };
  const content = last['content'];
  const prefix = Array.isArray(content) ? partsText(content as JsonObject[]) : String(content);
  return { history: before, prefix };
}
