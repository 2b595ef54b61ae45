import { DEFAULT_SETTINGS, type Conversation, type Message, type Settings } from './message.js';

/** The parent of first messages. */
const ROOT = '';
const TITLE_CHARS = 60;

export function newConversation(id: string, at: number, settings?: Settings): Conversation {
  const given = settings ?? DEFAULT_SETTINGS;
  return { id, title: '', updatedAt: at, revision: 0, settings: given, messages: {}, chosen: {} };
}

/** The messages that are shown, from the first to the last. */
export function pathOf({ messages, chosen }: Conversation): readonly Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  let next = chosen[ROOT];
  while (next !== undefined && !seen.has(next)) {
    seen.add(next);
    const message = messages[next];
    if (message === undefined) break;
    path.push(message);
    next = chosen[next];
  }
  return path;
}

/** The messages before this one, whether they are shown or not; the first comes first. */
export function ancestorsOf({ messages }: Conversation, id: string): readonly Message[] {
  const above: Message[] = [];
  let message = messages[id]?.parent ?? null;
  while (message !== null && above.length <= Object.keys(messages).length) {
    const found = messages[message];
    if (found === undefined) break;
    above.unshift(found);
    message = found.parent;
  }
  return above;
}

/** All messages in this one's place, the oldest first. */
export function siblingsOf({ messages }: Conversation, id: string): readonly string[] {
  const parent = messages[id]?.parent ?? null;
  return Object.values(messages)
    .filter((one) => one.parent === parent)
    .sort((a, b) => a.at - b.at)
    .map((one) => one.id);
}

/** With one more message, which is shown. */
export function withMessage(conversation: Conversation, message: Message): Conversation {
  const isFirstQuestion = conversation.title === '' && message.role === 'user';
  return {
    ...conversation,
    title: isFirstQuestion ? titleOf(message.content) : conversation.title,
    updatedAt: message.at,
    messages: { ...conversation.messages, [message.id]: message },
    chosen: { ...conversation.chosen, [message.parent ?? ROOT]: message.id },
  };
}

/** With `change` in a message, if it is still there. */
export function withChange(
  conversation: Conversation,
  id: string,
  change: Partial<Message>,
): Conversation {
  const message = conversation.messages[id];
  if (message === undefined) return conversation;
  return {
    ...conversation,
    messages: { ...conversation.messages, [id]: { ...message, ...change } },
  };
}

/** This message is shown, and those that were last shown below it. */
export function withChosen(conversation: Conversation, id: string): Conversation {
  const parent = conversation.messages[id]?.parent ?? ROOT;
  return { ...conversation, chosen: { ...conversation.chosen, [parent]: id } };
}

/** Without a message and all below it; a sibling takes its place. */
export function without(conversation: Conversation, id: string): Conversation {
  const message = conversation.messages[id];
  if (message === undefined) return conversation;
  const siblings = siblingsOf(conversation, id);
  const gone = new Set([id]);
  // Parents come before their children, since those are made later.
  for (const one of Object.values(conversation.messages).sort((a, b) => a.at - b.at)) {
    if (one.parent !== null && gone.has(one.parent)) gone.add(one.id);
  }
  const keep = ([name]: readonly [string, unknown]): boolean => !gone.has(name);
  const parent = message.parent ?? ROOT;
  const heir = siblings[siblings.indexOf(id) - 1] ?? siblings.find((one) => one !== id);
  const chosen = Object.fromEntries(
    Object.entries(conversation.chosen).filter((entry) => keep(entry) && entry[0] !== parent),
  );
  return {
    ...conversation,
    messages: Object.fromEntries(Object.entries(conversation.messages).filter(keep)),
    chosen: heir === undefined ? chosen : { ...chosen, [parent]: heir },
  };
}

function titleOf(content: string): string {
  const line = content.trim().split('\n')[0] ?? '';
  return line.length > TITLE_CHARS ? `${line.slice(0, TITLE_CHARS - 1).trimEnd()}…` : line;
}
