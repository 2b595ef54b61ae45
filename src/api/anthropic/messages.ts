import { refuse } from '../../core/errors.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import { assistantMessage } from './assistant-message.js';
import { chatContent } from './blocks.js';
import type { Part } from './part.js';
import { systemTexts } from './system.js';
import { userMessages } from './user-messages.js';

/** A conversation as `/v1/chat/completions` has it. */
export interface Conversation {
  readonly messages: readonly Dict[];
  /** It ends with a text of the assistant, which the answer continues. */
  readonly isContinued: boolean;
}

/** `system` and `messages` of a body. @throws RequestError */
export function conversationOf(body: Part): Conversation {
  const turns = body.children('messages') ?? body.missing('messages');
  if (turns.length === 0) refuse('messages: at least one message is required');
  const roles = turns.map((turn) => roleOf(turn));
  const inline = turns.filter((_, i) => roles[i] === 'system');
  const system = [
    ...systemTexts(body, 'system'),
    ...inline.flatMap((turn) => systemTexts(turn, 'content')),
  ];
  const messages: Dict[] = system.length === 0 ? [] : [message('system', system.join('\n'))];
  const callIds = new Set<string>();
  for (const [i, turn] of turns.entries()) {
    if (roles[i] === 'user') messages.push(...userMessages(turn, callIds));
    if (roles[i] === 'assistant') messages.push(assistantMessage(turn, callIds));
  }
  const isContinued = roles.filter((role) => role !== 'system').at(-1) === 'assistant';
  return { messages: isContinued ? withFinalText(messages) : messages, isContinued };
}

function roleOf(turn: Part): string {
  const role = turn.word('role', ['user', 'assistant', 'system']);
  return role ?? turn.missing('role');
}

/** What is continued is one text, and no call. */
function withFinalText(messages: readonly Dict[]): readonly Dict[] {
  const last = messages.at(-1);
  if (last?.has('tool_calls') === true) {
    refuse(
      'messages: `tool_use` ids were found without `tool_result` blocks immediately after: ' +
        'each `tool_use` block must have a corresponding `tool_result` block in the next message',
    );
  }
  const text = textOf(last?.get('content') ?? '');
  return [...messages.slice(0, -1), message('assistant', text)];
}

function textOf(content: Value): string {
  if (isList(content)) return content.map((part) => textOf(part)).join('');
  if (content instanceof Dict) return textOf(content.get('text') ?? '');
  return typeof content === 'string' ? content : '';
}

function message(role: string, text: string): Dict {
  return Dict.of([
    ['role', role],
    ['content', chatContent([text])],
  ]);
}
