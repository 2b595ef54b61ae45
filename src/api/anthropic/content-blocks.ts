import { createHash, type Hash } from 'node:crypto';

import type { ContentPiece } from '../../engine/content-plan.js';
import type { CallIds } from '../openai/call-ids.js';

/** A content block, as it begins or as it is whole. */
export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: object;
    };

export type BlockDelta =
  | { readonly type: 'text_delta'; readonly text: string }
  | { readonly type: 'thinking_delta'; readonly thinking: string }
  | { readonly type: 'signature_delta'; readonly signature: string }
  | { readonly type: 'input_json_delta'; readonly partial_json: string };

export type BlockEvent =
  | {
      readonly type: 'content_block_start';
      readonly index: number;
      readonly content_block: ContentBlock;
    }
  | { readonly type: 'content_block_delta'; readonly index: number; readonly delta: BlockDelta }
  | { readonly type: 'content_block_stop'; readonly index: number };

export interface BlockOptions {
  readonly callIds: CallIds;
  /** Blocks of thoughts have a signature and no text. */
  readonly omitsThoughts: boolean;
}

/** Text or thoughts, whose blocks begin with the first that is not white space. */
type Prose = 'text' | 'reasoning';

/** The content blocks of one answer as events, one block open at a time. */
export class ContentBlocks {
  readonly #options: BlockOptions;
  #open: ContentPiece['kind'] | null = null;
  #numBlocks = 0;
  #numCalls = 0;
  /** White space that no block has yet. */
  #space: { readonly kind: Prose; readonly text: string } = { kind: 'text', text: '' };
  /** Of the open thought. */
  #hash: Hash | null = null;

  constructor(options: BlockOptions) {
    this.#options = options;
  }

  get hasCalls(): boolean {
    return this.#numCalls > 0;
  }

  add(piece: ContentPiece): readonly BlockEvent[] {
    switch (piece.kind) {
      case 'text':
      case 'reasoning':
        return this.#prose(piece.kind, piece.text);
      case 'call':
        return [...this.#close(), this.#begin('call', this.#call(piece.name))];
      case 'arguments':
        return [this.#delta({ type: 'input_json_delta', partial_json: piece.text })];
    }
  }

  /** Once, after the last piece. An answer has at least one block. */
  end(): readonly BlockEvent[] {
    if (this.#numBlocks > 0) return this.#close();
    const { kind, text } = this.#space;
    return [...this.#write('text', kind === 'text' ? text : ''), ...this.#close()];
  }

  #prose(kind: Prose, text: string): readonly BlockEvent[] {
    if (this.#open === kind) return this.#write(kind, text);
    const all = this.#space.kind === kind ? this.#space.text + text : text;
    this.#space = { kind, text: all };
    return all.trim() === '' ? [] : [...this.#close(), ...this.#write(kind, all)];
  }

  #write(kind: Prose, text: string): readonly BlockEvent[] {
    const start = this.#open === kind ? [] : [this.#begin(kind, EMPTY[kind])];
    if (kind === 'text') {
      return text === '' ? start : [...start, this.#delta({ type: 'text_delta', text })];
    }
    this.#hash ??= createHash('sha256');
    this.#hash.update(text);
    if (this.#options.omitsThoughts) return start;
    return [...start, this.#delta({ type: 'thinking_delta', thinking: text })];
  }

  #begin(kind: ContentPiece['kind'], block: ContentBlock): BlockEvent {
    this.#open = kind;
    this.#space = { kind: 'text', text: '' };
    return { type: 'content_block_start', index: this.#numBlocks++, content_block: block };
  }

  #call(name: string): ContentBlock {
    const id = this.#options.callIds(name, this.#numCalls++).replace(/^call_/, 'toolu_');
    return { type: 'tool_use', id, name, input: {} };
  }

  #close(): readonly BlockEvent[] {
    if (this.#open === null) return [];
    const signature = this.#hash?.digest('base64') ?? null;
    this.#hash = null;
    this.#open = null;
    const stop: BlockEvent = { type: 'content_block_stop', index: this.#numBlocks - 1 };
    return signature === null
      ? [stop]
      : [this.#delta({ type: 'signature_delta', signature }), stop];
  }

  #delta(delta: BlockDelta): BlockEvent {
    return { type: 'content_block_delta', index: this.#numBlocks - 1, delta };
  }
}

const EMPTY: Readonly<Record<Prose, ContentBlock>> = {
  text: { type: 'text', text: '' },
  reasoning: { type: 'thinking', thinking: '', signature: '' },
};
