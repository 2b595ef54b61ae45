import type { FinishReason } from '../../core/finish-reason.js';
import { contentSince, nothingSent, type Sent } from '../../engine/content.js';
import type { ContentPiece, ContentPlan } from '../../engine/content-plan.js';
import type { Generation } from '../../engine/generation.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { AnswerRenderer } from '../answer-generate.js';
import { askedCacheInfo } from '../native/cache-info.js';
import type { CallIds } from '../openai/call-ids.js';
import { chatLogprobs } from '../openai/logprobs.js';
import { SamplePieces } from '../openai/sample-pieces.js';
import { EatenSpace } from './eaten-space.js';
import { metricsOf, timestamp } from './timings.js';
import { WholeCalls } from './whole-calls.js';

/** A part of an answer. */
export interface Delta {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly unknown[];
}

/** How one of the two routes shows a part: `message`, or `response`. */
export type ShowDelta = (delta: Delta) => Readonly<Record<string, unknown>>;

export interface RenderOptions {
  /** As the request has it. */
  readonly model: string;
  readonly show: ShowDelta;
  readonly plan: ContentPlan;
  readonly callIds: CallIds;
  readonly tokenizer: Tokenizer;
  /** False: thoughts are left out. */
  readonly showsThoughts: boolean;
  /** The end brings the ids of all that was read and said. */
  readonly givesContext: boolean;
  /** When the request came, on the clock of `performance.now`. */
  readonly arrivedMs: number;
}

const NOTHING: Delta = { text: '', thinking: '', calls: [] };

export const showMessage: ShowDelta = ({ text, thinking, calls }) => ({
  message: {
    role: 'assistant',
    content: text,
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  },
});

export const showResponse: ShowDelta = ({ text, thinking }) => ({
  response: text,
  ...(thinking === '' ? {} : { thinking }),
});

/** The lines of `/api/chat` and `/api/generate`: one a part of the answer, and one that ends it. */
export class OllamaRenderer implements AnswerRenderer {
  readonly failsWhole = true;
  readonly #options: RenderOptions;
  readonly #pieces: SamplePieces;
  readonly #calls: WholeCalls;
  readonly #space = new EatenSpace();

  constructor(options: RenderOptions) {
    this.#options = options;
    this.#pieces = new SamplePieces(options.plan);
    this.#calls = new WholeCalls(options.callIds);
  }

  whole([generation]: readonly Generation[]): unknown {
    if (generation === undefined) throw new Error('This is a bug: an answer without a sample.');
    const deltas = this.#deltas(generation, nothingSent(0));
    const all: Delta = {
      text: deltas.map(({ text }) => text).join(''),
      thinking: deltas.map(({ thinking }) => thinking).join(''),
      calls: deltas.flatMap(({ calls }) => calls),
    };
    return { ...this.#last(generation, all), ...this.#logprobs(generation, 0) };
  }

  chunks(generation: Generation, _: number, sent: Sent): readonly unknown[] {
    const logprobs =
      contentSince(generation, sent).outputIds.length > 0
        ? this.#logprobs(generation, sent.tokens)
        : null;
    const deltas = this.#deltas(generation, sent);
    if (logprobs !== null && deltas.length === 0) deltas.push(NOTHING);
    const lines: unknown[] = deltas.map((delta, i) => ({
      ...this.#head(delta),
      done: false,
      ...(i === 0 ? logprobs : {}),
    }));
    if (generation.finish !== null) lines.push(this.#last(generation, NOTHING));
    return lines;
  }

  closing(last: unknown): readonly unknown[] {
    return [last];
  }

  #head(delta: Delta) {
    const { model, show } = this.#options;
    return { model, created_at: timestamp(), ...show(delta) };
  }

  #last(generation: Generation, delta: Delta) {
    const { givesContext, arrivedMs, tokenizer } = this.#options;
    const { inputIds, outputIds, finish } = generation;
    return {
      ...this.#head(delta),
      done: true,
      done_reason: doneReason(finish),
      ...(givesContext ? { context: [...inputIds, ...outputIds] } : {}),
      ...metricsOf(generation, arrivedMs),
      ...askedCacheInfo(generation, tokenizer),
    };
  }

  #deltas(generation: Generation, sent: Sent): Delta[] {
    const pieces = this.#pieces.since(generation, sent);
    const deltas = pieces.flatMap((piece) => this.#deltasOf(piece));
    const isWhole = generation.finish?.type === 'stop';
    return isWhole ? [...deltas, ...callDelta(this.#calls.end())] : deltas;
  }

  #deltasOf(piece: ContentPiece): Delta[] {
    const called = callDelta(this.#calls.add(piece));
    if (piece.kind !== 'text' && piece.kind !== 'reasoning') return called;
    const text = this.#space.eat(piece);
    if (text === '') return called;
    if (piece.kind === 'text') return [...called, { ...NOTHING, text }];
    return this.#options.showsThoughts ? [{ ...NOTHING, thinking: text }] : [];
  }

  /** Null where none were asked for. */
  #logprobs(generation: Generation, from: number): { readonly logprobs: unknown } | null {
    if (generation.input.req.logprobs === null) return null;
    return { logprobs: chatLogprobs(generation, from, this.#options.tokenizer).content };
  }
}

function callDelta(call: unknown): Delta[] {
  return call === null ? [] : [{ ...NOTHING, calls: [call] }];
}

/** A stop for calls is a stop too; what a user ended is neither of Ollama's two. */
function doneReason(finish: FinishReason | null): string {
  return finish?.type ?? 'stop';
}
