import { createGate, type GateParts } from '../api/front-gate.js';
import { PageSite } from '../api/page/site.js';
import type { ServerArgs } from '../config/server-args.js';
import { chooseEngine } from '../http/engine.js';
import type { Gate } from '../http/gate.js';
import type { TlsNeeds } from '../http/server.js';
import { tlsWarnings, type Tls } from '../http/tls.js';
import type { Logger } from '../observability/logger.js';
import type { Assembly } from './assemble.js';
import { exposure } from './exposure.js';
import { checkFileLimit, FileGuard, fileLimit, numOpenFiles } from './file-limit.js';
import { readPageFiles } from './page-files.js';
import { assertPortFree } from './port-check.js';
import { tlsNeeds } from './tls.js';
import { TlsRefresh } from './tls-refresh.js';

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

export interface PortOptions extends Pick<GateParts, 'progress' | 'onFailed'> {
  readonly args: ServerArgs;
  readonly log: Logger;
}

/** From here on whoever asks is told how far the model is. @throws StartupError */
export async function openPort({ args, log, ...told }: PortOptions): Promise<OpenPort> {
  const files = fileLimit();
  checkFileLimit(files);
  const exposed = exposure(args);
  if (exposed !== null) log.warn(exposed);
  const { host } = args;
  const needs = tlsNeeds(args);
  await assertPortFree(host, args.port);
  const { engine, why } = await chooseEngine(args.httpServer, needs !== null);
  const page = pageOf(args, log);
  const gate = createGate(args, { ...told, engine, tls: needs?.tls, page });
  const port = await gate.listen(host, args.port);
  const scheme = needs === null ? 'http' : 'https';
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info(`Listening on ${url} by ${engine.title}: ${why}`);
  if (page !== null) log.info(`Open ${url}/ in a browser to talk to the model and to watch it.`);
  const guard = guardFiles(files, gate, log);
  const refresh = needs === null ? null : beginTls(needs, gate, log);
  return {
    url,
    host,
    port,
    open: ({ app }) => {
      gate.open(app.inside);
    },
    close: () => {
      guard?.stop();
      refresh?.stop();
      gate.close();
    },
  };
}

/** Null: a browser is told what everybody is. */
function pageOf({ disablePage }: ServerArgs, log: Logger): PageSite | null {
  if (disablePage) return null;
  const files = readPageFiles();
  if (files === null) log.warn('There is no page for browsers: `npm run build` makes it.');
  return files === null ? null : new PageSite(files);
}

/** Says what TLS does, and looks for renewed files where it is to. */
function beginTls({ tls, isRenewed }: TlsNeeds, gate: Gate, log: Logger): TlsRefresh | null {
  const { files } = tls;
  log.info(`SSL enabled: certfile=${files.certFile}, keyfile=${files.keyFile}`);
  for (const warning of tlsWarnings(tls, Date.now())) log.warn(warning);
  if (files.caFile !== null) log.warn(NO_CLIENT_CERTIFICATES);
  if (!isRenewed) return null;
  const renew = (renewed: Tls): void => {
    gate.renewTls(renewed);
  };
  const refresh = new TlsRefresh({ files, renew, log });
  refresh.start();
  return refresh;
}

const NO_CLIENT_CERTIFICATES =
  "--ssl-ca-certs completes the certificate's chain: as in SGLang, no client is asked for a certificate. Use --api-key.";

/** Null where the system has no limit. */
function guardFiles(limit: number | null, server: Gate, log: Logger): FileGuard | null {
  if (limit === null) return null;
  const guard = new FileGuard({ limit, numOpen: numOpenFiles, server, log });
  guard.start();
  return guard;
}
