import { ServerError } from '../shared/failure.js';
import { isObject, listOf, numberOf, objectOf, textOf } from '../shared/json.js';
import type { AnswerToken, Candidate, Message, ToolCall } from './message.js';

/** An answer while it is made: chunks of `/v1/chat/completions` go in, what they add up to comes out. */
export class Draft {
  #content = '';
  #reasoning = '';
  #finish: string | null = null;
  readonly #calls: { id: string; name: string; arguments: string }[] = [];
  readonly #tokens: AnswerToken[] = [];
  #promptTokens = 0;
  #completionTokens = 0;
  #cachedTokens = 0;
  #cacheNote = '';
  #firstMs: number | null = null;
  #firstTokens = 0;

  /**
   * @param elapsedMs since the request
   * @throws ServerError where the chunk says that it failed
   */
  add(chunk: unknown, elapsedMs: number): void {
    const { error, choices, usage, sglext } = objectOf(chunk);
    if (isObject(error)) {
      throw new ServerError(numberOf(error['code']) ?? 500, textOf(error['message']));
    }
    const choice = objectOf(listOf(choices)[0]);
    this.#addDelta(objectOf(choice['delta']));
    for (const entry of listOf(objectOf(choice['logprobs'])['content'])) {
      this.#tokens.push(tokenOf(objectOf(entry)));
    }
    const finish = textOf(choice['finish_reason']);
    if (finish !== '') this.#finish = finish;
    this.#addUsage(objectOf(usage));
    this.#addCacheInfo(objectOf(sglext));
    if (this.#firstMs === null && this.#hasText) {
      this.#firstMs = elapsedMs;
      this.#firstTokens = this.#completionTokens;
    }
  }

  /** What the message has of it so far. */
  get shown(): Pick<Message, 'content' | 'reasoning' | 'toolCalls' | 'tokens'> {
    return {
      content: this.#content,
      reasoning: this.#reasoning,
      toolCalls: this.#calls.map((call): ToolCall => ({ ...call })),
      tokens: [...this.#tokens],
    };
  }

  /** And what it has at its end. */
  ended(totalMs: number): Partial<Message> {
    return {
      ...this.shown,
      finish: this.#finish ?? 'stop',
      stats: {
        promptTokens: this.#promptTokens,
        completionTokens: this.#completionTokens,
        cachedTokens: this.#cachedTokens,
        cacheNote: this.#cacheNote,
        firstMs: this.#firstMs ?? totalMs,
        firstTokens: this.#firstTokens,
        totalMs,
      },
    };
  }

  get #hasText(): boolean {
    return this.#content !== '' || this.#reasoning !== '' || this.#calls.length > 0;
  }

  #addDelta(delta: Readonly<Record<string, unknown>>): void {
    this.#content += textOf(delta['content']);
    this.#reasoning += textOf(delta['reasoning_content']);
    for (const value of listOf(delta['tool_calls'])) {
      const part = objectOf(value);
      const { name, arguments: more } = objectOf(part['function']);
      const index = numberOf(part['index']) ?? this.#calls.length;
      const call = (this.#calls[index] ??= { id: '', name: '', arguments: '' });
      call.id ||= textOf(part['id']);
      call.name ||= textOf(name);
      call.arguments += textOf(more);
    }
  }

  #addUsage(usage: Readonly<Record<string, unknown>>): void {
    this.#promptTokens = numberOf(usage['prompt_tokens']) ?? this.#promptTokens;
    this.#completionTokens = numberOf(usage['completion_tokens']) ?? this.#completionTokens;
  }

  #addCacheInfo({ cached_tokens_details: details, cache_info: info }: Sglext): void {
    this.#cachedTokens = numberOf(objectOf(details)['device']) ?? this.#cachedTokens;
    this.#cacheNote = textOf(objectOf(info)['message']) || this.#cacheNote;
  }
}

interface Sglext extends Readonly<Record<string, unknown>> {
  readonly cached_tokens_details?: unknown;
  readonly cache_info?: unknown;
}

function tokenOf(entry: Readonly<Record<string, unknown>>): AnswerToken {
  const bytes = listOf(entry['bytes']).filter((byte) => typeof byte === 'number');
  const top = listOf(entry['top_logprobs']).map((one) => candidateOf(objectOf(one)));
  return { ...candidateOf(entry), bytes, top };
}

function candidateOf(entry: Readonly<Record<string, unknown>>): Candidate {
  return { text: textOf(entry['token']), logprob: numberOf(entry['logprob']) ?? -Infinity };
}
