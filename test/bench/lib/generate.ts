import { lastEvent, TimedClient } from './timed-client.js';

/** One answer of `/generate`, reduced to what benches need. */
export interface Answer {
  /** From sending the request to the first byte of the body. */
  readonly ttftMs: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** When each event of a stream came, since sending: one a token, unless the server joins them. */
  readonly eventsMs: readonly number[];
}

export interface GenerateRequest {
  readonly inputIds: readonly number[];
  readonly maxNewTokens: number;
  readonly stream: boolean;
}

interface Body {
  readonly meta_info?: {
    readonly cached_tokens: number;
    readonly completion_tokens: number;
  };
}

/** SGLang's native route. */
export class GenerateClient {
  private readonly client: TimedClient;

  constructor(port: number) {
    this.client = new TimedClient(port);
  }

  /** Rejects on any status but 200 and on an answer of another length than asked for. */
  async generate(input: GenerateRequest): Promise<Answer> {
    const { text, ttftMs, eventsMs } = await this.client.post('/generate', {
      input_ids: input.inputIds,
      stream: input.stream,
      sampling_params: {
        temperature: 0,
        ignore_eos: true,
        max_new_tokens: input.maxNewTokens,
      },
    });
    const body = JSON.parse(input.stream ? lastEvent(text) : text) as Body;
    const completionTokens = body.meta_info?.completion_tokens ?? 0;
    if (completionTokens !== input.maxNewTokens) {
      throw new Error(`expected ${input.maxNewTokens} tokens: ${text.slice(-500)}`);
    }
    const cachedTokens = body.meta_info?.cached_tokens ?? 0;
    return { ttftMs, cachedTokens, completionTokens, eventsMs };
  }

  close(): void {
    this.client.close();
  }
}
