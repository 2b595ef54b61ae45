import { connectionLost } from '../shared/failure.js';

/** Server-sent events, of which only the data are of use here (WHATWG HTML §9.2). */
export class SseParser {
  #rest = '';

  /** @returns the data of the events that `text` completes */
  push(text: string): readonly string[] {
    const blocks = (this.#rest + text).replaceAll('\r\n', '\n').split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const lines = block.split('\n').filter((line) => line.startsWith('data:'));
      if (lines.length === 0) return [];
      return [lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n')];
    });
  }
}

/** The data of each event of a body. @throws Error where the connection breaks; DOMException where it was given up */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(asLost);
    if (done) return;
    yield* parser.push(decoder.decode(value, { stream: true }));
  }
}

function asLost(error: unknown): never {
  throw error instanceof DOMException ? error : connectionLost();
}
