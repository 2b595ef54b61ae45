import type { Side } from '../lib/side.js';
import { startServer } from '../lib/server-process.js';
import { lastEvent, TimedClient } from '../lib/timed-client.js';
import {
  runWorkload,
  type PrefixWorkload,
  type RequestTiming,
  type WorkloadTiming,
} from './workload.js';

/** The last event of llama-server's `/completion` stream. */
interface LastEvent {
  readonly tokens_predicted?: number;
  readonly timings?: { readonly cache_n?: number };
}

export interface LlamaServerOptions {
  readonly binary: string;
  readonly gguf: string;
  readonly threads: string;
}

/**
 * llama.cpp's own server: one slot per concurrent request, each with room for one of them, its prompt cache in
 * memory and everything else as it comes, flash attention on.
 */
export async function llamaServerSide(
  name: string,
  { binary, gguf, threads }: LlamaServerOptions,
  { concurrency, systemTokens, questionTokens, outputTokens }: PrefixWorkload,
): Promise<Side<PrefixWorkload, WorkloadTiming>> {
  const context = concurrency * roundUp(systemTokens + questionTokens + outputTokens + 1, 256);
  const flags = ['--model', gguf, '--threads', threads, '--flash-attn', 'on'];
  flags.push('--parallel', String(concurrency), '--ctx-size', String(context));
  const server = await startServer(binary, flags, { isQuiet: true });
  // It closes connections by itself now and then, also those that were promised to be kept.
  const client = new TimedClient(server.port, { keepAlive: false });
  return {
    name,
    pid: server.pid,
    run: (load) => runWorkload(load, (ids) => complete(client, ids, load.outputTokens)),
    close: () => server.stop(),
  };
}

async function complete(
  client: TimedClient,
  inputIds: readonly number[],
  numTokens: number,
): Promise<RequestTiming> {
  const { text, ttftMs } = await client.post('/completion', {
    prompt: inputIds,
    n_predict: numTokens,
    temperature: 0,
    ignore_eos: true,
    stream: true,
  });
  const { tokens_predicted: made, timings } = JSON.parse(lastEvent(text)) as LastEvent;
  if (made !== numTokens) throw new Error(`expected ${numTokens} tokens: ${text.slice(-500)}`);
  return { ttftMs, cachedTokens: timings?.cache_n ?? 0 };
}

/** llama.cpp pads a sequence's context to this anyway. */
function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
