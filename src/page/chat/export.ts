import { isObject, listOf, numberOf, objectOf, parsed, textOf } from '../shared/json.js';
import {
  DEFAULT_SETTINGS,
  newMessage,
  type Conversation,
  type Message,
  type Role,
  type Settings,
  type ToolCall,
} from './message.js';

const FORMAT = 'radish.conversations';
const VERSION = 1;
const ROLES: readonly Role[] = ['user', 'assistant', 'tool'];

/** A file for {@link readExport}. Probabilities of tokens stay behind: they are most of the bytes, and made anew. */
export function writeExport(conversations: readonly Conversation[]): string {
  const bare = conversations.map((one) => ({
    ...one,
    messages: Object.fromEntries(
      Object.entries(one.messages).map(([id, message]) => [id, { ...message, tokens: [] }]),
    ),
  }));
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations: bare }, null, 1);
}

/**
 * Reads what anybody may have written: nothing of it is taken but what is known, as the type that it should have.
 *
 * @throws Error with a sentence
 */
export function readExport(text: string): readonly Conversation[] {
  const { format, version, conversations } = objectOf(parsed(text));
  if (format !== FORMAT) throw new Error('This file holds no conversations of Radish.');
  if (version !== VERSION) throw new Error('This file was written by a newer Radish.');
  return listOf(conversations).filter(isObject).map(conversationOf);
}

function conversationOf(given: Readonly<Record<string, unknown>>): Conversation {
  const messages = Object.values(objectOf(given['messages'])).filter(isObject).map(messageOf);
  const known = new Map(messages.filter(({ id }) => id !== '').map((one) => [one.id, one]));
  const kept = [...known.values()].filter(({ parent }) => parent === null || known.has(parent));
  const chosen = Object.entries(objectOf(given['chosen'])).filter(
    ([parent, id]) => known.get(textOf(id))?.parent === (parent === '' ? null : parent),
  );
  return {
    id: textOf(given['id']),
    title: textOf(given['title']),
    updatedAt: numberOf(given['updatedAt']) ?? 0,
    revision: 0,
    settings: settingsOf(objectOf(given['settings'])),
    messages: Object.fromEntries(kept.map((one) => [one.id, one])),
    chosen: Object.fromEntries(chosen.map(([parent, id]) => [parent, textOf(id)])),
  };
}

function messageOf(given: Readonly<Record<string, unknown>>): Message {
  const { parent, toolCallId, error } = given;
  return newMessage({
    id: textOf(given['id']),
    parent: typeof parent === 'string' ? parent : null,
    role: ROLES.find((role) => role === given['role']) ?? 'user',
    at: numberOf(given['at']) ?? 0,
    content: textOf(given['content']),
    reasoning: textOf(given['reasoning']),
    toolCalls: listOf(given['toolCalls']).filter(isObject).map(callOf),
    toolCallId: typeof toolCallId === 'string' ? toolCallId : null,
    finish: textOf(given['finish']) || 'stop',
    error: typeof error === 'string' ? error : null,
    stats: statsOf(given['stats']),
  });
}

function callOf(given: Readonly<Record<string, unknown>>): ToolCall {
  return {
    id: textOf(given['id']),
    name: textOf(given['name']),
    arguments: textOf(given['arguments']),
  };
}

function statsOf(given: unknown): Message['stats'] {
  if (!isObject(given)) return null;
  const number = (name: string): number => numberOf(given[name]) ?? 0;
  return {
    promptTokens: number('promptTokens'),
    completionTokens: number('completionTokens'),
    cachedTokens: number('cachedTokens'),
    firstMs: number('firstMs'),
    firstTokens: number('firstTokens'),
    totalMs: number('totalMs'),
    cacheNote: textOf(given['cacheNote']),
  };
}

function settingsOf(given: Readonly<Record<string, unknown>>): Settings {
  const presets: Readonly<Record<string, string | boolean>> = { ...DEFAULT_SETTINGS };
  const entries = Object.entries(presets).map(([name, preset]) => {
    const value = given[name];
    return [name, typeof value === typeof preset ? value : preset] as const;
  });
  return { ...DEFAULT_SETTINGS, ...Object.fromEntries(entries) };
}
