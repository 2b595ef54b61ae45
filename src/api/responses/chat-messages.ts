import { objectIn } from '../../http/json.js';
import type { Item, MessageItem, ReasoningItem } from './item.js';
import { qualifiedName } from './namespaces.js';
import { unseal } from './sealed-text.js';

/** A message of `/v1/chat/completions`. */
export interface ChatMessage {
  readonly role: 'user' | 'assistant' | 'system' | 'tool';
  readonly content?: string | readonly TextPart[];
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_call_id?: string;
}

interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** How SGLang marks a developer's message, which templates know only as the system's. */
const DEVELOPER_LABEL = 'Developer instructions:\n';

/**
 * A conversation as chat messages, as SGLang makes them: what the system and developers say stands first, as one
 * message, and what the assistant thought, said and called in one turn is one message too.
 */
export function chatMessages(
  instructions: string | null,
  items: readonly Item[],
): readonly ChatMessage[] {
  const messages = merged(items.map(messageOf).filter((message) => message !== null));
  const systems = messages.filter(({ role }) => role === 'system');
  const chunks = [...(instructions === null ? [] : [instructions]), ...systems.flatMap(textsOf)];
  const others = messages.filter(({ role }) => role !== 'system');
  return chunks.length === 0
    ? others
    : [{ role: 'system', content: chunks.join('\n\n') }, ...others];
}

function messageOf(item: Item): ChatMessage | null {
  switch (item.type) {
    case 'message':
      return { role: item.role === 'developer' ? 'system' : item.role, content: contentOf(item) };
    case 'reasoning':
      return thoughtOf(item);
    case 'function_call': {
      // Arguments that were cut off, or are no object, would end a template: SGLang shows none.
      const given = objectIn(item.arguments) === null ? '{}' : item.arguments;
      const name = qualifiedName(item.namespace ?? null, item.name);
      const called = { name, arguments: given };
      const call: ToolCall = { id: item.call_id, type: 'function', function: called };
      return { role: 'assistant', tool_calls: [call] };
    }
    case 'function_call_output': {
      const { output } = item;
      const content = typeof output === 'string' ? output : output.map(({ text }) => text).join('');
      return { role: 'tool', tool_call_id: item.call_id, content };
    }
    case 'compaction': {
      const summary = unseal('compaction', item.encrypted_content) ?? '';
      return { role: 'system', content: `Summary of the conversation so far:\n${summary}` };
    }
  }
}

/** One part is its text; several stay parts, for templates that walk them. */
function contentOf({ role, content }: MessageItem): string | readonly TextPart[] {
  const label = role === 'developer' ? DEVELOPER_LABEL : '';
  const texts = content.map((part) => (part.type === 'refusal' ? part.refusal : part.text));
  const [first = '', ...rest] = texts;
  if (rest.length === 0) return label + first;
  return [label + first, ...rest].map((text) => ({ type: 'text', text }));
}

/** Summaries first: clients often send the same text as both. */
function thoughtOf({ summary, content, encrypted_content }: ReasoningItem): ChatMessage | null {
  const shown = [summary, content]
    .map((parts) => parts.map(({ text }) => text).filter((text) => text !== ''))
    .find((texts) => texts.length > 0);
  const sealed = encrypted_content === null ? null : unseal('reasoning', encrypted_content);
  const text = shown?.join('\n') ?? sealed ?? '';
  return text === '' ? null : { role: 'assistant', reasoning_content: text };
}

function merged(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const turns: ChatMessage[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    const isSameTurn = last?.role === 'assistant' && message.role === 'assistant';
    if (isSameTurn) turns[turns.length - 1] = joined(last, message);
    else turns.push(message);
  }
  return turns;
}

function joined(before: ChatMessage, after: ChatMessage): ChatMessage {
  const thought = [before.reasoning_content, after.reasoning_content].filter(isText).join('\n');
  const content = joinedContent(before.content ?? '', after.content ?? '');
  const calls = [...(before.tool_calls ?? []), ...(after.tool_calls ?? [])];
  return {
    role: 'assistant',
    ...(content.length === 0 ? {} : { content }),
    ...(thought === '' ? {} : { reasoning_content: thought }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

type Content = string | readonly TextPart[];

function joinedContent(before: Content, after: Content): Content {
  if (before.length === 0) return after;
  if (after.length === 0) return before;
  if (typeof before === 'string' && typeof after === 'string') return `${before}\n\n${after}`;
  return [...partsOf(before), ...partsOf(after)];
}

function partsOf(content: Content): readonly TextPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function textsOf({ content = '' }: ChatMessage): readonly string[] {
  return partsOf(content).map(({ text }) => text);
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
