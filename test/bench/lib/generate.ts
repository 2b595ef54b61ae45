import { Agent, request } from 'node:http';

/** One answer of `/generate`, reduced to what benches need. */
export interface Answer {
  /** From sending the request to the first byte of the body. */
  readonly ttftMs: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
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

/** A client over node:http with kept connections: it shares the cores with what it measures, so it does little. */
export class GenerateClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly port: number) {}

  /** Rejects on any status but 200 and on an answer of another length than asked for. */
  async generate(input: GenerateRequest): Promise<Answer> {
    const { text, ttftMs } = await this.post({
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
    return { ttftMs, cachedTokens: body.meta_info?.cached_tokens ?? 0, completionTokens };
  }

  close(): void {
    this.agent.destroy();
  }

  private post(payload: object): Promise<{ text: string; ttftMs: number }> {
    const json = JSON.stringify(payload);
    return new Promise((resolve, reject) => {
      const start = performance.now();
      const sent = request({
        agent: this.agent,
        host: '127.0.0.1',
        port: this.port,
        path: '/generate',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        let ttftMs = NaN;
        response.on('data', (chunk: Buffer) => {
          if (chunks.length === 0) ttftMs = performance.now() - start;
          chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve({ text, ttftMs });
          else reject(new Error(`status ${String(response.statusCode)}: ${text.slice(0, 500)}`));
        });
      });
      sent.end(json);
    });
  }
}

/** The JSON of the last event before `[DONE]`. */
function lastEvent(stream: string): string {
  const events = stream.split('\n\n').filter((event) => event.startsWith('data: {'));
  return events.at(-1)?.slice('data: '.length) ?? '{}';
}
