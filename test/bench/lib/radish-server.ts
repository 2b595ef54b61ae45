import { fileURLToPath } from 'node:url';

import { GenerateClient } from './generate.js';
import { startServer, type ServerProcess } from './server-process.js';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));

export interface RadishServer extends ServerProcess {
  /** Number format that the weights ended up in, from the log; what `auto` chose. */
  readonly format: string;
  readonly client: GenerateClient;
}

/** Starts the server as a user would. */
export async function startRadish(args: readonly string[]): Promise<RadishServer> {
  const server = await startServer(process.execPath, [MAIN, 'serve', ...args]);
  const format = /Weight format: (\S+)/.exec(server.startLog)?.[1] ?? 'unknown';
  return { ...server, format, client: new GenerateClient(server.port) };
}
