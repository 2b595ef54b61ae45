import type {
  AnswerOptions,
  ChatBackend,
  ChatDelta,
  ChatMessage,
} from '../../src/cli/client/backend.js';

/** What was asked of a {@link ScriptedBackend}. */
export interface Asked {
  readonly messages: readonly ChatMessage[];
  readonly fields: AnswerOptions['fields'];
}

export type Script = (
  question: string,
  options: AnswerOptions,
  signal: AbortSignal,
) => AsyncIterable<ChatDelta>;

/** A model that answers as told. */
export class ScriptedBackend implements ChatBackend {
  readonly asked: Asked[] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  chat(
    messages: readonly ChatMessage[],
    options: AnswerOptions,
    signal: AbortSignal,
  ): AsyncIterable<ChatDelta> {
    this.asked.push({ messages, fields: options.fields });
    return this.#script(messages.at(-1)?.content ?? '', options, signal);
  }

  complete(prompt: string, options: AnswerOptions, signal: AbortSignal): AsyncIterable<ChatDelta> {
    return this.chat([{ role: 'user', content: prompt }], options, signal);
  }

  describe(): string {
    return 'parrot in a test';
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

export const ENDED: ChatDelta = {
  kind: 'end',
  finishReason: 'stop',
  usage: { promptTokens: 9, completionTokens: 2, cachedTokens: 4 },
};

/** Says the question again, in two pieces. */
export async function* parrot(question: string): AsyncGenerator<ChatDelta> {
  yield { kind: 'text', text: 'You said ' };
  yield await Promise.resolve({ kind: 'text', text: question } as const);
  yield ENDED;
}
