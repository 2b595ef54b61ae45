import { stat } from 'node:fs/promises';

import { StartupError } from '../core/errors.js';
import { readTls, tlsWarnings, type Tls, type TlsFiles } from '../http/tls.js';
import type { Logger } from '../observability/logger.js';

/** Looked at, not listened to: so a link that is moved, a mounted secret and a network's folder are seen too. */
const INTERVAL_MS = 1_000;

export interface TlsRefreshOptions {
  readonly files: TlsFiles;
  readonly renew: (tls: Tls) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Takes renewed files of TLS while the server runs. */
export class TlsRefresh {
  readonly #options: TlsRefreshOptions;
  /** What the files were when they were last read, whether or not they could be used. */
  #seen: string | null = null;
  #isStopped = false;

  constructor(options: TlsRefreshOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.log.info('SSL certificate auto-refresh enabled.');
    const next = (): void => {
      if (this.#isStopped) return;
      void this.look().then(() => setTimeout(next, INTERVAL_MS).unref());
    };
    next();
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes the files if they have changed. A key that is not yet that of the certificate is waited for. */
  async look(): Promise<void> {
    const { keyFile, certFile, caFile } = this.#options.files;
    const paths = [keyFile, certFile, ...(caFile === null ? [] : [caFile])];
    const now = (await Promise.all(paths.map(stampOf))).join(' ');
    const isFirst = this.#seen === null;
    if (now === this.#seen) return;
    this.#seen = now;
    if (!isFirst) this.#take();
  }

  #take(): void {
    const { files, renew, log } = this.#options;
    try {
      const tls = readTls(files);
      renew(tls);
      log.info(`SSL cert/key reloaded successfully: '${files.certFile}'.`);
      for (const warning of tlsWarnings(tls, Date.now())) log.warn(warning);
    } catch (error) {
      if (!(error instanceof StartupError)) throw error;
      log.warn(`${error.message} The server goes on with its previous certificate.`);
    }
  }
}

/** Changes with the file's content, and when another takes its place. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(':');
  } catch {
    return 'missing';
  }
}
