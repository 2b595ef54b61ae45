import type { ContentPiece } from '../../engine/content-plan.js';
import type { CallIds } from '../openai/call-ids.js';
import type { ResponseEvent } from './events.js';
import type { Item } from './item.js';
import type { FunctionPlace } from './namespaces.js';
import {
  OpenCall,
  OpenMessage,
  OpenReasoning,
  type EndStatus,
  type OpenItem,
  type ThoughtWishes,
} from './open-item.js';

export interface OutputOptions {
  readonly callIds: CallIds;
  /** The functions of namespaces, by the names that the model writes. */
  readonly places: ReadonlyMap<string, FunctionPlace>;
  readonly thoughts: ThoughtWishes;
}

/**
 * The output of one response as it grows: items one after the other, the last of them open. The items are the same
 * however the pieces are cut. White space around thoughts and calls makes no message of its own, as in SGLang.
 */
export class Output {
  readonly #options: OutputOptions;
  readonly #closed: Item[] = [];
  #open: OpenItem | null = null;
  #numCalls = 0;
  /** White space that may come before a message. */
  #space = '';

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** As they are now. */
  get items(): readonly Item[] {
    return this.#open === null ? this.#closed : [...this.#closed, this.#open.item()];
  }

  /** Whether what comes next of the text belongs to a message that is open. */
  get isInMessage(): boolean {
    return this.#open?.kind === 'message';
  }

  /** @param logprobs of the text, where it is one */
  add(piece: ContentPiece, logprobs: LogprobsOf): readonly ResponseEvent[] {
    switch (piece.kind) {
      case 'text':
        return this.#addText(piece.text, logprobs);
      case 'reasoning': {
        const { thoughts } = this.#options;
        const opened = this.#become('reasoning', logprobs, (i) => new OpenReasoning(i, thoughts));
        return [...opened, ...this.#addTo(piece.text)];
      }
      case 'call':
        return this.#begin(piece.name, logprobs);
      case 'arguments':
        return this.#addTo(piece.text);
    }
  }

  /** @param status of the item that is open: a cut answer leaves it incomplete */
  close(status: EndStatus, logprobs: LogprobsOf): readonly ResponseEvent[] {
    const open = this.#open;
    if (open === null) return [];
    const events = open.close(status, open.kind === 'message' ? logprobs.all() : []);
    this.#closed.push(open.item());
    this.#open = null;
    return events;
  }

  #addText(text: string, logprobs: LogprobsOf): readonly ResponseEvent[] {
    if (!this.isInMessage && text.trim() === '') {
      this.#space += text;
      return [];
    }
    const all = this.#space + text;
    const opened = this.#become('message', logprobs, (index) => new OpenMessage(index));
    return [...opened, ...this.#addTo(all, logprobs.next())];
  }

  #begin(name: string, logprobs: LogprobsOf): readonly ResponseEvent[] {
    const closed = this.close('completed', logprobs);
    this.#space = '';
    const { callIds, places } = this.#options;
    const callId = callIds(name, this.#numCalls++);
    const named = places.get(name) ?? { name };
    this.#open = new OpenCall(this.#closed.length, { callId, ...named });
    return [...closed, ...this.#open.open()];
  }

  /** Items of the same kind go on; another kind begins anew. */
  #become(
    kind: OpenItem['kind'],
    logprobs: LogprobsOf,
    make: (index: number) => OpenItem,
  ): readonly ResponseEvent[] {
    this.#space = '';
    if (this.#open?.kind === kind) return [];
    const closed = this.close('completed', logprobs);
    this.#open = make(this.#closed.length);
    return [...closed, ...this.#open.open()];
  }

  #addTo(text: string, logprobs: unknown = []): readonly ResponseEvent[] {
    return text === '' ? [] : (this.#open?.add(text, logprobs) ?? []);
  }
}

/** Log-probabilities of the tokens behind a text; empty lists where none were asked for. */
export interface LogprobsOf {
  /** Of the tokens since the last call. */
  next(): unknown;
  /** Of all tokens so far that no message before had. */
  all(): unknown;
}

export const NO_LOGPROBS: LogprobsOf = { next: () => [], all: () => [] };
