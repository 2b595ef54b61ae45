import { listOf, objectOf } from '../client/deltas.js';
import { hasObject, hasText, lastCount } from './scan.js';

/** A prompt as text, or as the tokens of a server that takes them. */
export type Prompt = string | readonly number[];

/** One request to make. */
export interface Row {
  readonly prompt: Prompt;
  /** Tokens, as they were asked for: the server's own count goes before it. */
  readonly promptLen: number;
  readonly outputLen: number;
}

export interface BodyOptions {
  readonly model: string;
  readonly ignoreEos: boolean;
  readonly temperature: number;
  /** Wins over all others. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What one event says. */
export interface EventNews {
  /** It brings text: a moment that counts. */
  readonly hasText: boolean;
  /** Tokens of the answer up to here; null = the server does not say with each event. */
  readonly numTokens: number | null;
}

/** Counts of a whole answer; null = it does not say. */
export interface AnswerCounts {
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
}

/** A way to ask for tokens and to read them. */
export interface Dialect {
  readonly name: DialectName;
  readonly path: string;
  body(row: Row, options: BodyOptions): object;
  news(event: Buffer): EventNews;
  /** Whether {@link counts} can say something of it. */
  hasCounts(event: Buffer): boolean;
  counts(event: unknown): AnswerCounts;
  /** The text that an event brings: all of it so far where `isCumulative`. */
  text(event: unknown): string;
  readonly isCumulative: boolean;
}

export type DialectName = 'sglang' | 'openai' | 'openai-chat';

const TEXT = Buffer.from('"text":');
const COMPLETION_TOKENS = Buffer.from('"completion_tokens":');
const USAGE = Buffer.from('"usage":');
/** The field's name, and what some servers call thoughts. */
const CHAT_TEXTS = ['"content":', '"reasoning_content":', '"reasoning":'].map((one) =>
  Buffer.from(one),
);

const sglang: Dialect = {
  name: 'sglang',
  path: '/generate',
  isCumulative: true,
  body: ({ prompt, outputLen }, { ignoreEos, temperature, extra }) => ({
    [typeof prompt === 'string' ? 'text' : 'input_ids']: prompt,
    sampling_params: { temperature, max_new_tokens: outputLen, ignore_eos: ignoreEos },
    stream: true,
    ...extra,
  }),
  news: (event) => ({
    hasText: hasText(event, TEXT),
    numTokens: lastCount(event, COMPLETION_TOKENS),
  }),
  hasCounts: (event) => lastCount(event, COMPLETION_TOKENS) !== null,
  counts: (event) => {
    const meta = objectOf(objectOf(event)['meta_info']);
    return {
      promptTokens: countOf(meta['prompt_tokens']),
      outputTokens: countOf(meta['completion_tokens']),
      cachedTokens: countOf(meta['cached_tokens']),
    };
  },
  text: (event) => textOf(objectOf(event)['text']),
};

const OPENAI = {
  isCumulative: false,
  hasCounts: (event: Buffer): boolean => hasObject(event, USAGE),
  counts: (event: unknown): AnswerCounts => {
    const usage = objectOf(objectOf(event)['usage']);
    const details = objectOf(usage['prompt_tokens_details']);
    return {
      promptTokens: countOf(usage['prompt_tokens']),
      outputTokens: countOf(usage['completion_tokens']),
      cachedTokens: countOf(details['cached_tokens']),
    };
  },
} as const;

const openai: Dialect = {
  ...OPENAI,
  name: 'openai',
  path: '/v1/completions',
  body: ({ prompt, outputLen }, { model, ignoreEos, temperature, extra }) => ({
    model,
    prompt,
    max_tokens: outputLen,
    temperature,
    ...(ignoreEos ? { ignore_eos: true } : {}),
    stream: true,
    stream_options: { include_usage: true },
    ...extra,
  }),
  news: (event) => ({ hasText: hasText(event, TEXT), numTokens: null }),
  text: (event) => textOf(choiceOf(event)['text']),
};

const openaiChat: Dialect = {
  ...OPENAI,
  name: 'openai-chat',
  path: '/v1/chat/completions',
  body: ({ prompt, outputLen }, { model, ignoreEos, temperature, extra }) => ({
    model,
    messages: [{ role: 'user', content: prompt }],
    max_completion_tokens: outputLen,
    temperature,
    ...(ignoreEos ? { ignore_eos: true } : {}),
    stream: true,
    stream_options: { include_usage: true },
    ...extra,
  }),
  news: (event) => ({
    hasText: CHAT_TEXTS.some((field) => hasText(event, field)),
    numTokens: null,
  }),
  text: (event) => {
    const delta = objectOf(choiceOf(event)['delta']);
    const reasoning = textOf(delta['reasoning_content']) || textOf(delta['reasoning']);
    return reasoning + textOf(delta['content']);
  },
};

/** As SGLang's bench_serving asks them. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  sglang,
  openai,
  'openai-chat': openaiChat,
};

function choiceOf(event: unknown): Readonly<Record<string, unknown>> {
  return objectOf(listOf(objectOf(event)['choices'])[0]);
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
