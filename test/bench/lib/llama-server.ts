import type { Answer, GenerateClient, GenerateRequest } from './generate.js';
import { startServer, type ServerProcess } from './server-process.js';
import { lastEvent, TimedClient } from './timed-client.js';

export interface LlamaServerOptions {
  readonly binary: string;
  readonly gguf: string;
  readonly threads: string;
  /** Requests that run at once. */
  readonly numSlots: number;
  /** Tokens of one request, prompt and answer. */
  readonly slotLength: number;
}

export interface LlamaServer extends ServerProcess {
  readonly client: Pick<GenerateClient, 'generate' | 'close'>;
}

/** llama.cpp's own server: flash attention on, everything that is not named here as it comes. */
export async function startLlamaServer(
  { binary, gguf, threads, numSlots, slotLength }: LlamaServerOptions,
  flags: readonly string[] = [],
): Promise<LlamaServer> {
  const contextSize = numSlots * roundUp(slotLength + 1, 256);
  const sizes = ['--parallel', String(numSlots), '--ctx-size', String(contextSize)];
  const common = ['--model', gguf, '--threads', threads, '--flash-attn', 'on', ...sizes];
  const server = await startServer(binary, [...common, ...flags], { isQuiet: true });
  return { ...server, client: new CompletionClient(server.port) };
}

/** What is read of an answer to `/completion`, or of the last event of its stream. */
interface Body {
  readonly tokens_predicted?: number;
  readonly timings?: { readonly cache_n?: number };
}

class CompletionClient {
  private readonly client: TimedClient;

  constructor(port: number) {
    // The server closes connections now and then, also those that were promised to be kept.
    this.client = new TimedClient(port, { keepAlive: false });
  }

  /** As {@link GenerateClient.generate}. */
  async generate({ inputIds, maxNewTokens, stream }: GenerateRequest): Promise<Answer> {
    const { text, ttftMs, eventsMs } = await this.client.post('/completion', {
      prompt: inputIds,
      n_predict: maxNewTokens,
      temperature: 0,
      ignore_eos: true,
      stream,
    });
    const body = JSON.parse(stream ? lastEvent(text) : text) as Body;
    const completionTokens = body.tokens_predicted ?? 0;
    if (completionTokens !== maxNewTokens) {
      throw new Error(`expected ${maxNewTokens} tokens: ${text.slice(-500)}`);
    }
    const cachedTokens = body.timings?.cache_n ?? 0;
    // The last event has no token of its own.
    return { ttftMs, cachedTokens, completionTokens, eventsMs: eventsMs.slice(0, -1) };
  }

  close(): void {
    this.client.close();
  }
}

/** llama.cpp pads a sequence's context to this anyway. */
function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
