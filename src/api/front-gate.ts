import type { ServerArgs } from '../config/server-args.js';
import { errorResponse } from '../http/error-response.js';
import type { FailedRequest } from '../http/failure-log.js';
import { Gate } from '../http/gate.js';
import { jsonResponse, type FullResponse } from '../http/http.js';
import { createOriginRules } from '../http/origin.js';
import type { HttpEngine } from '../http/server.js';
import type { UpgradeRequest } from '../http/socket.js';
import type { Tls } from '../http/tls.js';
import type { PageSite } from './page/site.js';
import { RESPONSES_PATH } from './responses/socket-endpoint.js';
import { WS_PATH } from './ws/endpoint.js';
import { socketShape } from './ws/limits.js';

type GateArgs = Pick<ServerArgs, 'apiKey' | 'host' | 'allowedHosts' | 'corsOrigins'>;

/** Seconds after which whoever waits for the model may ask again. */
const RETRY_AFTER_S = '2';
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/health', '/health_generate']);

export interface GateParts {
  readonly engine: HttpEngine;
  /** How much of the model is loaded, in [0, 1]. */
  readonly progress: () => number;
  /** Told of every request that is refused or fails. */
  readonly onFailed: (request: FailedRequest) => void;
  /** Left out: plain HTTP. */
  readonly tls?: Tls | undefined;
  /** What a browser is shown at `/`, while the model loads too; left out or null: what everybody is. */
  readonly page?: PageSite | null;
}

/** The port of this server, which may be open before the model is there. */
export function createGate(
  args: GateArgs,
  { engine, progress, onFailed, tls, page = null }: GateParts,
): Gate {
  const { apiKey, host, allowedHosts, corsOrigins } = args;
  return new Gate({
    engine,
    tls,
    origins: createOriginRules({ hasKey: apiKey !== null, host, allowedHosts, corsOrigins }),
    shapes: [WS_PATH, RESPONSES_PATH].map(socketShape),
    atGate: (request) => page?.answer(request) ?? null,
    outside: (request) => whileLoading(request, progress()),
    onFailed,
  });
}

/** SGLang's health routes are an empty 503 meanwhile; who asks for JSON is told how far it is. */
function whileLoading(
  { path, headers }: Pick<UpgradeRequest, 'path' | 'headers'>,
  progress: number,
): FullResponse {
  const response = HEALTH_PATHS.has(path)
    ? healthOf(headers.get('accept') ?? '', progress)
    : errorResponse({ code: 'LOADING', message: `Loading the model: ${percentOf(progress)} %` });
  return { ...response, headers: { ...response.headers, 'retry-after': RETRY_AFTER_S } };
}

function healthOf(accept: string, progress: number): FullResponse {
  if (!accept.includes('application/json')) return { status: 503 };
  return jsonResponse(503, { status: 'loading', progress: Math.floor(100 * progress) / 100 });
}

function percentOf(fraction: number): number {
  return Math.floor(100 * fraction);
}
