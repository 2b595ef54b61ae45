import type { GenerateClient } from './generate.js';
import type { ServerProcess } from './server-process.js';
import type { Side } from './side.js';

/** What benches ask of a server. */
export type Client = Pick<GenerateClient, 'generate' | 'close'>;

/** A whole server over HTTP, on this machine's loopback. */
export function httpSide<Input, Output>(
  name: string,
  server: ServerProcess & { readonly client: Client },
  run: (client: Client, input: Input) => Promise<Output>,
): Side<Input, Output> {
  const { pid, client } = server;
  return {
    name,
    pid,
    run: (input) => run(client, input),
    close: async () => {
      client.close();
      await server.stop();
    },
  };
}
