import { createGate } from '../api/front-gate.js';
import type { ServerArgs } from '../config/server-args.js';
import { chooseEngine } from '../http/engine.js';
import type { Gate } from '../http/gate.js';
import type { Logger } from '../observability/logger.js';
import type { Assembly } from './assemble.js';
import { exposure } from './exposure.js';
import { checkFileLimit, FileGuard, fileLimit, numOpenFiles } from './file-limit.js';
import { assertPortFree } from './port-check.js';

/** A port that listens. */
export interface OpenPort {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** From here on the assembly answers. */
  open(assembly: Pick<Assembly, 'app'>): void;
  /** Closes it, and every connection. */
  close(): void;
}

/** From here on whoever asks is told how far the model is. @throws StartupError */
export async function openPort(
  args: ServerArgs,
  log: Logger,
  progress: () => number,
): Promise<OpenPort> {
  const files = fileLimit();
  checkFileLimit(files);
  const exposed = exposure(args);
  if (exposed !== null) log.warn(exposed);
  const { host } = args;
  await assertPortFree(host, args.port);
  const { engine, why } = await chooseEngine(args.httpServer);
  const gate = createGate(args, { engine, progress, log });
  const port = await gate.listen(host, args.port);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info(`Listening on ${url} by ${engine.title}: ${why}`);
  const guard = guardFiles(files, gate, log);
  return {
    url,
    host,
    port,
    open: ({ app }) => {
      gate.open(app.inside);
    },
    close: () => {
      guard?.stop();
      gate.close();
    },
  };
}

/** Null where the system has no limit. */
function guardFiles(limit: number | null, server: Gate, log: Logger): FileGuard | null {
  if (limit === null) return null;
  const guard = new FileGuard({ limit, numOpen: numOpenFiles, server, log });
  guard.start();
  return guard;
}
