import { httpSide, type Client } from '../lib/http-side.js';
import { RandomIds } from '../lib/random-ids.js';
import type { ServerProcess } from '../lib/server-process.js';
import type { Side } from '../lib/side.js';
import { decodeMs } from './decode-ms.js';
import type { Workload } from './workload.js';

export function serverSide(
  name: string,
  server: ServerProcess & { readonly client: Client },
): Side<Workload, number> {
  return httpSide(name, server, (client, workload: Workload) =>
    workload.kind === 'prefill' ? prefill(client, workload) : decode(client, workload),
  );
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
