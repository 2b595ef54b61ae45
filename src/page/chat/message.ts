/** A conversation as it is kept: a tree, since an answer may be made again and a question put anew. */

export type Role = 'user' | 'assistant' | 'tool';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it, which need not be any. */
  readonly arguments: string;
}

/** A token that might have stood in another's place, or did. */
export interface Candidate {
  readonly text: string;
  /** Natural logarithm. */
  readonly logprob: number;
}

export interface AnswerToken extends Candidate {
  /** UTF-8; of a part of a character its own bytes. */
  readonly bytes: readonly number[];
  /** The best first. */
  readonly top: readonly Candidate[];
}

/** What one answer cost. */
export interface AnswerStats {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  /** From the request to the first text, and how many tokens had come by then. */
  readonly firstMs: number;
  readonly firstTokens: number;
  readonly totalMs: number;
  /** Why no more was cached, in the server's words. */
  readonly cacheNote: string;
}

export interface Message {
  readonly id: string;
  /** Null: the first of its conversation. */
  readonly parent: string | null;
  readonly role: Role;
  readonly content: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** Of a tool's answer: the call that it answers. */
  readonly toolCallId: string | null;
  readonly tokens: readonly AnswerToken[];
  readonly stats: AnswerStats | null;
  /** `stop`, `length`, `tool_calls`, `abort`; null while it is made. */
  readonly finish: string | null;
  /** Why there is no more of it. */
  readonly error: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What goes into every request of a conversation. An empty text = the server's own value. */
export interface Settings {
  readonly system: string;
  readonly temperature: string;
  readonly topP: string;
  readonly topK: string;
  readonly minP: string;
  readonly maxTokens: string;
  readonly repetitionPenalty: string;
  readonly seed: string;
  readonly stop: string;
  /** `none`, `low`, …; empty = the template's own. */
  readonly effort: string;
  /** JSON: a list of functions. */
  readonly tools: string;
  /** Probabilities come with every token. */
  readonly probabilities: boolean;
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly updatedAt: number;
  /** Counts how often it was kept: another one than last time, and another tab has written it. 0 = never. */
  readonly revision: number;
  readonly settings: Settings;
  readonly messages: Readonly<Record<string, Message>>;
  /** By parent (`ROOT` above the first ones): which of its answers is shown. */
  readonly chosen: Readonly<Record<string, string>>;
}

export const DEFAULT_SETTINGS: Settings = {
  system: '',
  temperature: '',
  topP: '',
  topK: '',
  minP: '',
  maxTokens: '',
  repetitionPenalty: '',
  seed: '',
  stop: '',
  effort: '',
  tools: '',
  probabilities: false,
};

/** With nothing in it but what is given. */
export function newMessage(
  given: Pick<Message, 'id' | 'parent' | 'role' | 'at'> & Partial<Message>,
): Message {
  return {
    content: '',
    reasoning: '',
    toolCalls: [],
    toolCallId: null,
    tokens: [],
    stats: null,
    finish: given.role === 'assistant' ? null : 'stop',
    error: null,
    ...given,
  };
}
