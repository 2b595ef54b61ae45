/** Whom `chat` and `run` talk to: a server, or a model of this process. */
export interface ChatBackend {
  /** The next message of a conversation. @throws ClientError, or the signal's reason */
  chat(
    messages: readonly ChatMessage[],
    options: AnswerOptions,
    signal: AbortSignal,
  ): AsyncIterable<ChatDelta>;
  /** What follows a text, without the model's chat template. @throws ClientError, or the signal's reason */
  complete(prompt: string, options: AnswerOptions, signal: AbortSignal): AsyncIterable<ChatDelta>;
  /** The model and where it is: `tiny at http://127.0.0.1:30000`. */
  describe(): string;
  /** Lets go of what it holds; whatever runs ends. */
  close(): Promise<void>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** How to answer. */
export interface AnswerOptions {
  /** Fields of an OpenAI body by their names there: `temperature`, `max_tokens`, `response_format`. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The server is loading or full, and is asked again: hears what it said. */
  readonly onWait?: (sentence: string) => void;
}

/** One piece of news of an answer; `end` is the last one. */
export type ChatDelta =
  | { readonly kind: 'text' | 'reasoning'; readonly text: string }
  /** `finishReason` as OpenAI has it: `stop`, `length`. `usage` is null where the server does not count. */
  | { readonly kind: 'end'; readonly finishReason: string; readonly usage: Usage | null };

/** Counts of an answer, in tokens. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the prompt; null = the server does not say. */
  readonly cachedTokens: number | null;
}
