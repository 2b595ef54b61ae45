import type { ResponseEvent } from './events.js';
import { newId } from './ids.js';
import type { CallItem, Item, ItemStatus, MessageItem, ReasoningItem } from './item.js';
import { seal } from './sealed-text.js';

/** The end of an item: how it is left when the answer goes on, or is cut off. */
export type EndStatus = Exclude<ItemStatus, 'in_progress'>;

/** An item of the answer while it grows: what it says of each step, and what it is in the end. */
export interface OpenItem {
  readonly kind: Item['type'];
  open(): readonly ResponseEvent[];
  add(text: string, logprobs?: unknown): readonly ResponseEvent[];
  /** @param logprobs of the whole item */
  close(status: EndStatus, logprobs?: unknown): readonly ResponseEvent[];
  /** As it is now. */
  item(): Item;
}

/** Text of the assistant: one message with one part. */
export class OpenMessage implements OpenItem {
  readonly kind = 'message';
  readonly #id: string;
  readonly #index: number;
  #text = '';
  #status: ItemStatus = 'in_progress';
  #logprobs: unknown = [];

  constructor(index: number, id = newId('msg')) {
    this.#index = index;
    this.#id = id;
  }

  open(): readonly ResponseEvent[] {
    const part = this.#part();
    return [
      addedEvent(this.#index, { ...this.item(), content: [] }),
      { type: 'response.content_part.added', ...this.#place(), part },
    ];
  }

  add(text: string, logprobs: unknown = []): readonly ResponseEvent[] {
    this.#text += text;
    return [{ type: 'response.output_text.delta', ...this.#place(), delta: text, logprobs }];
  }

  close(status: EndStatus, logprobs: unknown = []): readonly ResponseEvent[] {
    this.#status = status;
    this.#logprobs = logprobs;
    const text = this.#text;
    return [
      { type: 'response.output_text.done', ...this.#place(), text, logprobs },
      { type: 'response.content_part.done', ...this.#place(), part: this.#part() },
      doneEvent(this.#index, this.item()),
    ];
  }

  item(): MessageItem {
    const content = [this.#part()];
    return { id: this.#id, type: 'message', status: this.#status, role: 'assistant', content };
  }

  #part(): MessageItem['content'][number] {
    return { type: 'output_text', text: this.#text, annotations: [], logprobs: this.#logprobs };
  }

  #place(): { item_id: string; output_index: number; content_index: number } {
    return { item_id: this.#id, output_index: this.#index, content_index: 0 };
  }
}

/** How thoughts are shown. */
export interface ThoughtWishes {
  /** `reasoning.summary`: the thought stands as the summary too, and streams as that, as in SGLang. */
  readonly isSummary: boolean;
  /** `reasoning.encrypted_content`: with the thought in it. */
  readonly isSealed: boolean;
}

/** A thought. */
export class OpenReasoning implements OpenItem {
  readonly kind = 'reasoning';
  readonly #id: string;
  readonly #index: number;
  readonly #wishes: ThoughtWishes;
  #text = '';
  #status: ItemStatus = 'in_progress';

  constructor(index: number, wishes: ThoughtWishes, id = newId('rs')) {
    this.#index = index;
    this.#wishes = wishes;
    this.#id = id;
  }

  open(): readonly ResponseEvent[] {
    const { part } = this.#names();
    const added = { ...this.item(), summary: [], content: [], encrypted_content: null };
    const event = { type: `${part}.added`, ...this.#place(), part: this.#part() };
    return [addedEvent(this.#index, added), event];
  }

  add(text: string): readonly ResponseEvent[] {
    this.#text += text;
    return [{ type: `${this.#names().text}.delta`, ...this.#place(), delta: text }];
  }

  close(status: EndStatus): readonly ResponseEvent[] {
    this.#status = status;
    const { text, part } = this.#names();
    return [
      { type: `${text}.done`, ...this.#place(), text: this.#text },
      { type: `${part}.done`, ...this.#place(), part: this.#part() },
      doneEvent(this.#index, this.item()),
    ];
  }

  item(): ReasoningItem {
    const { isSummary, isSealed } = this.#wishes;
    const text = this.#text;
    return {
      id: this.#id,
      type: 'reasoning',
      status: this.#status,
      summary: isSummary ? [{ type: 'summary_text', text }] : [],
      content: [{ type: 'reasoning_text', text }],
      encrypted_content:
        isSealed && this.#status !== 'in_progress' ? seal('reasoning', text) : null,
    };
  }

  #names(): { readonly text: string; readonly part: string } {
    return this.#wishes.isSummary
      ? { text: 'response.reasoning_summary_text', part: 'response.reasoning_summary_part' }
      : { text: 'response.reasoning_text', part: 'response.content_part' };
  }

  #part(): unknown {
    const type = this.#wishes.isSummary ? 'summary_text' : 'reasoning_text';
    return { type, text: this.#text };
  }

  #place(): Readonly<Record<string, unknown>> {
    const index = this.#wishes.isSummary ? 'summary_index' : 'content_index';
    return { item_id: this.#id, output_index: this.#index, [index]: 0 };
  }
}

/** The function of a call. */
interface Called extends Pick<CallItem, 'name' | 'namespace'> {
  readonly callId: string;
}

/** A call of a function. */
export class OpenCall implements OpenItem {
  readonly kind = 'function_call';
  readonly #id: string;
  readonly #index: number;
  readonly #called: Called;
  #arguments = '';
  #status: ItemStatus = 'in_progress';

  constructor(index: number, called: Called, id = newId('fc')) {
    this.#index = index;
    this.#called = called;
    this.#id = id;
  }

  open(): readonly ResponseEvent[] {
    return [addedEvent(this.#index, this.item())];
  }

  add(text: string): readonly ResponseEvent[] {
    this.#arguments += text;
    return [{ type: 'response.function_call_arguments.delta', ...this.#place(), delta: text }];
  }

  close(status: EndStatus): readonly ResponseEvent[] {
    this.#status = status;
    const { name } = this.#called;
    const given = { name, arguments: this.#arguments };
    return [
      { type: 'response.function_call_arguments.done', ...this.#place(), ...given },
      doneEvent(this.#index, this.item()),
    ];
  }

  item(): CallItem {
    const { callId, ...named } = this.#called;
    return {
      id: this.#id,
      type: 'function_call',
      status: this.#status,
      call_id: callId,
      ...named,
      arguments: this.#arguments,
    };
  }

  #place(): Readonly<Record<string, unknown>> {
    return { item_id: this.#id, output_index: this.#index };
  }
}

function addedEvent(index: number, item: Item): ResponseEvent {
  return { type: 'response.output_item.added', output_index: index, item };
}

function doneEvent(index: number, item: Item): ResponseEvent {
  return { type: 'response.output_item.done', output_index: index, item };
}
