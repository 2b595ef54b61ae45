import type { GenerateClient } from '../lib/generate.js';
import { RandomIds } from '../lib/random-ids.js';
import type { ServerProcess } from '../lib/server-process.js';
import type { Side } from '../lib/side.js';
import type { Workload } from './workload.js';

type Client = Pick<GenerateClient, 'generate' | 'close'>;

/** A whole server over HTTP, on this machine's loopback. */
export function serverSide(
  name: string,
  server: ServerProcess & { readonly client: Client },
): Side<Workload, number> {
  const { client } = server;
  return {
    name,
    pid: server.pid,
    run: (workload) =>
      workload.kind === 'prefill' ? prefill(client, workload) : decode(client, workload),
    close: async () => {
      client.close();
      await server.stop();
    },
  };
}

async function prefill(
  client: Client,
  { numTokens, numPrompts, seed }: Workload & { kind: 'prefill' },
): Promise<number> {
  const random = new RandomIds(seed);
  const start = performance.now();
  for (let i = 0; i < numPrompts; i++) {
    const { cachedTokens } = await client.generate({
      inputIds: random.ids(numTokens),
      maxNewTokens: 1,
      stream: false,
    });
    if (cachedTokens > 0) throw new Error('a prompt that should be new was cached');
  }
  return performance.now() - start;
}

/**
 * Two batches of the same prompts, which the cache holds by then: one of 1 new token, one of 1 + steps. The
 * difference is what decoding took. Answers are not streamed: reading streams would cost this process, which
 * shares the cores, more than the server spends on sending them.
 */
async function decode(
  client: Client,
  { batch, context, steps, seed }: Workload & { kind: 'decode' },
): Promise<number> {
  const random = new RandomIds(seed);
  const prompts = Array.from({ length: batch }, () => random.ids(context));
  await timedBatch(client, prompts, 1);
  const prefillMs = await timedBatch(client, prompts, 1);
  return (await timedBatch(client, prompts, 1 + steps)) - prefillMs;
}

async function timedBatch(
  client: Client,
  prompts: readonly number[][],
  maxNewTokens: number,
): Promise<number> {
  const start = performance.now();
  await Promise.all(
    prompts.map((inputIds) => client.generate({ inputIds, maxNewTokens, stream: false })),
  );
  return performance.now() - start;
}
