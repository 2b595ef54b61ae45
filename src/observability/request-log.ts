import type { EventEmitter } from 'eventemitter3';
import { finishOnWire } from '../core/finish-reason.js';
import type { EngineEvents, ObservedRequest } from './engine-events.js';

export const REQUEST_LOG_FORMATS = ['text', 'json'] as const;

export interface RequestLogOptions {
  readonly isOn: boolean;
  /** 0 = ids and counts, 1 = also sampling parameters, 2 = also the start of input and output, 3 = all of them. */
  readonly level: number;
  readonly format: (typeof REQUEST_LOG_FORMATS)[number];
}

/** Numbers of input ids, or of a vector, that a line of level 2 has at most. */
const MAX_NUMBERS = 128;
/** Characters of output that a line of level 2 has at most. */
const MAX_CHARS = 2048;

/** `--log-requests`: one line when a request is accepted, one when it has ended. */
export class RequestLog {
  #options: RequestLogOptions;
  readonly #write: (line: string) => void;

  constructor(options: RequestLogOptions, write: (line: string) => void) {
    this.#options = options;
    this.#write = write;
  }

  configure(changes: Partial<RequestLogOptions>): void {
    this.#options = { ...this.#options, ...changes };
  }

  observe(events: EventEmitter<EngineEvents>): void {
    events.on('accepted', (request) => {
      this.#log('received', request, () => ({ obj: this.#input(request) }));
    });
    events.on('finished', (request) => {
      this.#log('finished', request, () => ({
        obj: this.#input(request),
        out: this.#output(request),
      }));
    });
  }

  /** `describe` is asked only for a line that is written: the numbers of a vector take longer than the rest of its answer. */
  #log(
    event: 'received' | 'finished',
    request: ObservedRequest,
    describe: () => Readonly<Record<string, object>>,
  ): void {
    if (!this.#options.isOn || request.input.isUnlogged === true) return;
    const parts = describe();
    if (this.#options.format === 'json') {
      const timestamp = new Date().toISOString();
      const line = { timestamp, event: `request.${event}`, rid: request.rid, ...parts };
      this.#write(JSON.stringify(line));
      return;
    }
    const fields = Object.entries(parts).map(([name, part]) => `${name}=${JSON.stringify(part)}`);
    this.#write(`${event === 'received' ? 'Receive' : 'Finish'}: ${fields.join(', ')}`);
  }

  #input({ rid, inputIds, sampling }: ObservedRequest): object {
    const { level } = this.#options;
    return {
      rid,
      prompt_tokens: inputIds.length,
      ...(level >= 1 && sampling !== undefined ? { sampling_params: snakeKeys(sampling) } : {}),
      ...(level >= 2 ? { input_ids: this.#numbers(inputIds) } : {}),
    };
  }

  #output(request: ObservedRequest): object {
    const { finishedMs, createdMs } = request;
    return {
      finish_reason: finishOnWire(request.finish),
      completion_tokens: request.outputIds.length,
      cached_tokens: request.cachedTokens,
      e2e_latency: ((finishedMs ?? createdMs) - createdMs) / 1000,
      ...this.#answer(request),
    };
  }

  #answer({ text, vector }: ObservedRequest): object {
    const { level } = this.#options;
    if (level < 2) return {};
    if (vector !== undefined) return { embedding: vector && this.#numbers(vector) };
    return { text: level >= 3 ? text : text?.slice(0, MAX_CHARS) };
  }

  #numbers(list: Int32Array | Float32Array): readonly number[] {
    return Array.from(this.#options.level >= 3 ? list : list.subarray(0, MAX_NUMBERS));
  }
}

function snakeKeys(object: object): object {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]: [string, unknown]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}
