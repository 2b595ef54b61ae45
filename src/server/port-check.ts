import { createServer } from 'node:net';

import { StartupError } from '../core/errors.js';

/**
 * Says at once what would otherwise be found out after the model has been loaded. Port 0 is always free.
 * @throws StartupError
 */
export function assertPortFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(new StartupError(explain(error, host, port)));
    });
    probe.listen({ host, port, exclusive: true }, () => {
      probe.close(() => {
        resolve();
      });
    });
  });
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is already in use: stop the other server or choose another --port.`;
    case 'EACCES':
      return `Port ${port} needs more rights than this user has: choose a --port above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `--host ${host} is not an address of this machine.`;
    default:
      return `Cannot listen on ${host}:${port}: ${message}.`;
  }
}
