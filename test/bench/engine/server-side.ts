import type { GenerateClient } from '../lib/generate.js';
import { RandomIds } from '../lib/random-ids.js';
import type { ServerProcess } from '../lib/server-process.js';
import type { Side } from '../lib/side.js';
import { decodeMs } from './decode-ms.js';
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

function decode(client: Client, workload: Workload & { readonly kind: 'decode' }): Promise<number> {
  return decodeMs(workload, async (prompts, maxNewTokens) => {
    const start = performance.now();
    await Promise.all(
      prompts.map((inputIds) => client.generate({ inputIds, maxNewTokens, stream: false })),
    );
    return performance.now() - start;
  });
}
