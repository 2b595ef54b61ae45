import { isObject } from '../../http/json.js';
import type { ChatMessage } from '../client/backend.js';

/** A message that was said; `interrupted` where it is the beginning of an answer that was stopped or broke off. */
export interface SaidMessage extends ChatMessage {
  readonly interrupted?: true;
}

/** Questions and answers by turns: the first is a question, and none stands unanswered. */
export class Conversation {
  system: string | null;
  #messages: SaidMessage[] = [];
  /** Asked, and without an answer: `/retry` asks it again. */
  #unanswered: string | null = null;

  constructor(system: string | null = null) {
    this.system = system;
  }

  /** Without the system message. */
  get messages(): readonly SaidMessage[] {
    return this.#messages;
  }

  /** What to send: `question` behind all that was said. One that had no answer is dropped. */
  ask(question: string): readonly ChatMessage[] {
    this.#unanswered = question;
    return [
      ...systemMessages(this.system),
      ...this.#messages.map(({ role, content }) => ({ role, content })),
      { role: 'user', content: question },
    ];
  }

  /** The answer to the last question; of a broken off one, what came. Nothing is no answer. */
  answer(content: string, isWhole: boolean): void {
    const question = this.#unanswered;
    if (question === null || (content === '' && !isWhole)) return;
    this.#messages.push({ role: 'user', content: question });
    this.#messages.push({ role: 'assistant', content, ...(isWhole ? {} : { interrupted: true }) });
    this.#unanswered = null;
  }

  /** Takes the last question and its answer back. @returns the question; null = there is none */
  takeBack(): string | null {
    const unanswered = this.#unanswered;
    this.#unanswered = null;
    if (unanswered !== null) return unanswered;
    const [question] = this.#messages.splice(-2);
    return question?.content ?? null;
  }

  clear(): void {
    this.#messages = [];
    this.#unanswered = null;
  }

  /** As OpenAI has it, the system message first. */
  toMessages(): readonly SaidMessage[] {
    return [...systemMessages(this.system), ...this.#messages];
  }

  /** Takes the place of all that was said. @throws Error that says what is wrong with them */
  replace(value: unknown): void {
    const messages = saidMessages(value);
    const system = messages[0]?.role === 'system' ? messages[0].content : null;
    const rest = system === null ? messages : messages.slice(1);
    rest.forEach(({ role }, index) => {
      const expected = index % 2 === 0 ? 'user' : 'assistant';
      if (role !== expected) throw new Error(`message ${index + 1} must be the ${expected}'s`);
    });
    const last = rest.length % 2 === 0 ? undefined : rest.at(-1);
    this.system = system;
    this.#messages = last === undefined ? [...rest] : rest.slice(0, -1);
    this.#unanswered = last?.content ?? null;
  }
}

function systemMessages(system: string | null): readonly ChatMessage[] {
  return system === null ? [] : [{ role: 'system', content: system }];
}

const ROLES: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant']);

/** A list of messages, or an object with one: a body of OpenAI's. @throws Error */
function saidMessages(value: unknown): readonly SaidMessage[] {
  const list = isObject(value) ? value['messages'] : value;
  if (!Array.isArray(list)) throw new Error('there is no list of messages');
  return list.map((one: unknown, index) => {
    const message = isObject(one) ? one : {};
    const { role, content } = message;
    if (!ROLES.has(role) || typeof content !== 'string') {
      throw new Error(`message ${index + 1} needs a role (system, user, assistant) and a text`);
    }
    const isCut = message['interrupted'] === true;
    return { role: role as SaidMessage['role'], content, ...(isCut ? { interrupted: true } : {}) };
  });
}
