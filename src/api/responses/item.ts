/** The entries of a conversation as the Responses API shows them: what was asked and what was answered alike. */

export const ITEM_STATUSES = ['in_progress', 'completed', 'incomplete'] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

export interface InputText {
  readonly type: 'input_text';
  readonly text: string;
}

export interface OutputText {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly unknown[];
  readonly logprobs: unknown;
}

export interface Refusal {
  readonly type: 'refusal';
  readonly refusal: string;
}

export interface SummaryText {
  readonly type: 'summary_text';
  readonly text: string;
}

export interface ReasoningText {
  readonly type: 'reasoning_text';
  readonly text: string;
}

export type ContentPart = InputText | OutputText | Refusal;

export const ROLES = ['user', 'assistant', 'system', 'developer'] as const;
export type Role = (typeof ROLES)[number];

export interface MessageItem {
  readonly id: string;
  readonly type: 'message';
  readonly status: ItemStatus;
  readonly role: Role;
  readonly content: readonly ContentPart[];
}

export interface ReasoningItem {
  readonly id: string;
  readonly type: 'reasoning';
  readonly status: ItemStatus;
  readonly summary: readonly SummaryText[];
  readonly content: readonly ReasoningText[];
  readonly encrypted_content: string | null;
}

export interface CallItem {
  readonly id: string;
  readonly type: 'function_call';
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  /** Where the function stands; absent for one that stands alone. */
  readonly namespace?: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

export interface CallOutputItem {
  readonly id: string;
  readonly type: 'function_call_output';
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly output: string | readonly InputText[];
}

export interface CompactionItem {
  readonly id: string;
  readonly type: 'compaction';
  /** A summary of what stood before it, sealed. */
  readonly encrypted_content: string;
}

export type Item = MessageItem | ReasoningItem | CallItem | CallOutputItem | CompactionItem;
