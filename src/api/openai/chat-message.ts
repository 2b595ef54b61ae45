import type { ContentPiece } from '../../engine/content-plan.js';
import type { CallIds } from './call-ids.js';

interface Call {
  readonly id: string;
  readonly name: string;
  arguments: string;
}

/** The assistant's message of one sample, as it grows; each piece of it is also a delta of a stream. */
export class ChatMessage {
  readonly #callIds: CallIds;
  readonly #calls: Call[] = [];
  #content = '';
  #reasoning = '';

  constructor(callIds: CallIds) {
    this.#callIds = callIds;
  }

  get hasCalls(): boolean {
    return this.#calls.length > 0;
  }

  /** @returns the piece as a delta */
  add(piece: ContentPiece): object {
    switch (piece.kind) {
      case 'text':
        this.#content += piece.text;
        return { content: piece.text };
      case 'reasoning':
        this.#reasoning += piece.text;
        return { reasoning_content: piece.text };
      case 'call':
        return this.#begin(piece.name);
      case 'arguments':
        return this.#continue(piece.text);
    }
  }

  whole(): unknown {
    const calls = this.#calls.map((call, index) =>
      callOf(call.id, index, { name: call.name, arguments: call.arguments }),
    );
    return {
      role: 'assistant',
      content: this.#content,
      reasoning_content: this.#reasoning === '' ? null : this.#reasoning,
      tool_calls: calls.length === 0 ? null : calls,
    };
  }

  #begin(name: string): object {
    const index = this.#calls.length;
    const id = this.#callIds(name, index);
    this.#calls.push({ id, name, arguments: '' });
    return { tool_calls: [callOf(id, index, { name, arguments: '' })] };
  }

  #continue(text: string): object {
    const index = this.#calls.length - 1;
    const call = this.#calls[index];
    if (call !== undefined) call.arguments += text;
    return { tool_calls: [callOf(null, index, { name: null, arguments: text })] };
  }
}

interface CalledFunction {
  readonly name: string | null;
  readonly arguments: string;
}

/** A call as OpenAI has it, with SGLang's `index`; the id comes with the name. */
function callOf(id: string | null, index: number, called: CalledFunction): unknown {
  return { id, index, type: 'function', function: called };
}
