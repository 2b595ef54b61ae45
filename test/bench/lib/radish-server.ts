import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { benchCacheDir } from './cache-dir.js';
import { GenerateClient } from './generate.js';
import { startServer, type ServerProcess } from './server-process.js';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));

export interface RadishServer extends ServerProcess {
  /** Number format that the weights ended up in, from the log; what `auto` chose. */
  readonly format: string;
  /** Tokens that its KV pages hold. */
  readonly cacheTokens: number;
  readonly client: GenerateClient;
}

/** Starts the server as a user would; `nodeFlags` are Node's own. */
export async function startRadish(
  args: readonly string[],
  nodeFlags: readonly string[] = [],
): Promise<RadishServer> {
  // Not in its user's own cache; a flag behind it wins.
  const kept = ['--quantization-cache-dir', join(benchCacheDir(), 'weights')];
  const command = [...nodeFlags, MAIN, 'serve', ...kept, ...args];
  const server = await startServer(process.execPath, command);
  const format = /Weight format: (\S+)/.exec(server.startLog)?.[1] ?? 'unknown';
  const cacheTokens = await maxTotalTokens(server.port);
  return { ...server, format, cacheTokens, client: new GenerateClient(server.port) };
}

async function maxTotalTokens(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/get_max_total_num_tokens`);
  const body = (await response.json()) as { readonly max_total_num_tokens: number };
  return body.max_total_num_tokens;
}
