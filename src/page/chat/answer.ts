import { post } from '../shared/api.js';
import { connectionLost, sentenceOf } from '../shared/failure.js';
import { parsed } from '../shared/json.js';
import { Draft } from './draft.js';
import type { Message } from './message.js';
import { streamBodyOf, type RequestOptions } from './request.js';
import { eventsOf } from './sse.js';

/** Asks, and says what is to change in the message: at most once a frame while text comes, then how it ended. */
export async function streamAnswer(
  options: RequestOptions,
  signal: AbortSignal,
  onChange: (change: Partial<Message>) => void,
): Promise<void> {
  const start = performance.now();
  const draft = new Draft();
  const elapsed = (): number => performance.now() - start;
  const painter = new Painter(() => {
    onChange(draft.shown);
  });
  try {
    const response = await post('v1/chat/completions', streamBodyOf(options), { signal });
    if (response.body === null) throw new Error('The server answered nothing.');
    for await (const data of eventsOf(response.body)) {
      if (data === '[DONE]') {
        onChange(draft.ended(elapsed()));
        return;
      }
      draft.add(parsed(data), elapsed());
      painter.ask();
    }
    // A proxy may end what it passes on as if that were whole.
    throw connectionLost();
  } catch (error) {
    const isStopped = signal.aborted;
    const ended = isStopped ? { ...draft.ended(elapsed()), finish: 'abort' } : draft.shown;
    onChange({ finish: 'abort', ...ended, error: isStopped ? null : sentenceOf(error) });
  } finally {
    painter.stop();
  }
}

/** A frame is drawn once, however often it was asked for; a page that nobody sees draws none, and a timer does. */
class Painter {
  readonly #paint: () => void;
  #frame: number | null = null;
  #timer: number | null = null;

  constructor(paint: () => void) {
    this.#paint = paint;
  }

  ask(): void {
    if (this.#frame !== null) return;
    const paint = (): void => {
      this.stop();
      this.#paint();
    };
    this.#frame = requestAnimationFrame(paint);
    this.#timer = setTimeout(paint, 250);
  }

  stop(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#frame = null;
    this.#timer = null;
  }
}
