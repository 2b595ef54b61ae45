import { once } from 'node:events';
import { createServer } from 'node:net';
import { StartupError } from '../core/errors.js';

/**
 * Fails before a model is loaded for a port that cannot be had. The front end listens later, and
 * exclusively, so a port that is lost in between is an error there.
 *
 * @throws StartupError
 */
export async function assertPortFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, 'listening');
  } catch (error) {
    throw new StartupError(sentence(host, port, (error as NodeJS.ErrnoException).code));
  } finally {
    probe.close();
  }
}

function sentence(host: string, port: number, code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is already in use. Choose another with --port.`;
    case 'EACCES':
      return `Port ${port} on ${host} needs more rights than this process has. Choose another with --port.`;
    default:
      return `Cannot listen on ${host}:${port} (${code ?? 'unknown error'}). Check --host and --port.`;
  }
}
