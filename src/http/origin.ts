import type { Failure } from '../core/errors.js';
import type { Headers } from './http.js';

type RequestHeaders = ReadonlyMap<string, string>;

/** Which hosts and which web pages may ask this server, by the headers that a browser cannot be made to forge. */
export interface OriginRules {
  /** Why this request is refused, before its body is read; null = it may go on. */
  refusal(headers: RequestHeaders): Failure | null;
  /** What lets the asking page read the answer; none for a request that is no page's, or a refused one. */
  corsHeaders(headers: RequestHeaders): Headers;
  /**
   * Whether this server listens where only this machine reaches it, and the request names it by such a name, on behalf
   * of no page, or of one from such a name: stricter than {@link refusal}, which lets in what flags name.
   */
  isLocal(headers: RequestHeaders): boolean;
}

export interface OriginOptions {
  /** True where requests must bring `--api-key`: no page has it unless its user gave it the key. */
  readonly hasKey: boolean;
  /** `--host` */
  readonly host: string;
  /** `--allowed-hosts`: names without a port; `*` = any. */
  readonly allowedHosts: readonly string[];
  /** `--cors-origins`: `https://name:port`; `*` = any. */
  readonly corsOrigins: readonly string[];
}

/**
 * Without a key, any web page that the user of this machine visits could ask: directly, or by a name of its own
 * that it makes resolve to this address. So a request must name this host, and a page be from here.
 */
export function createOriginRules(options: OriginOptions): OriginRules {
  const rules = options.hasKey
    ? []
    : [...(isLoopback(options.host) ? [hostRule(options)] : []), pageRule(options)];
  const refusal = (headers: RequestHeaders): Failure | null => {
    for (const rule of rules) {
      const message = rule(headers);
      if (message !== null) return { code: 'FORBIDDEN', message };
    }
    return null;
  };
  return {
    refusal,
    corsHeaders: (headers) => {
      const origin = headers.get('origin');
      if (origin === undefined || refusal(headers) !== null) return {};
      return {
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      };
    },
    isLocal: (headers) => {
      if (!isLoopback(options.host) || !isLoopback(hostName(headers.get('host') ?? '')))
        return false;
      const origin = headers.get('origin');
      return origin === undefined || isLoopback(hostName(authorityOf(origin) ?? ''));
    },
  };
}

/** A sentence, where the headers break the rule. */
type Rule = (headers: RequestHeaders) => string | null;

function hostRule({ host, allowedHosts }: OriginOptions): Rule {
  const allowed = new Set([host, ...allowedHosts].map((name) => name.toLowerCase()));
  return (headers) => {
    const name = hostName(headers.get('host') ?? '');
    if (allowed.has('*') || allowed.has(name) || isLoopback(name)) return null;
    return 'This Host is not served here. Name it with --allowed-hosts, or set --api-key.';
  };
}

const FOREIGN_PAGE =
  'Web pages of this origin may not ask this server. Name it with --cors-origins, or set --api-key.';

function pageRule({ corsOrigins }: OriginOptions): Rule {
  const allowed = new Set(corsOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  return (headers) => {
    if (allowed.has('*')) return null;
    const origin = headers.get('origin');
    // An image or a link of a page brings no origin, but browsers say that another site is behind it.
    if (origin === undefined)
      return headers.get('sec-fetch-site') === 'cross-site' ? FOREIGN_PAGE : null;
    const isKnown = allowed.has(origin.toLowerCase());
    return isKnown || isFromHere(origin, headers.get('host') ?? '') ? null : FOREIGN_PAGE;
  };
}

/** A page of this server, or of any server on this machine. */
function isFromHere(origin: string, host: string): boolean {
  const authority = authorityOf(origin);
  if (authority === undefined) return false;
  return authority === host.toLowerCase() || isLoopback(hostName(authority));
}

/** `https://Name:8000` → `name:8000` */
function authorityOf(origin: string): string | undefined {
  return /^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1]?.toLowerCase();
}

/** `Name:8000` → `name`, `[::1]:8000` → `::1`. */
function hostName(authority: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(authority)?.[1];
  return (bracketed ?? authority.replace(/:\d*$/, '').replace(/\.$/, '')).toLowerCase();
}

/** A name or an address that only this machine has. */
export function isLoopback(name: string): boolean {
  return (
    name === '::1' ||
    /^(.+\.)?localhost$/i.test(name) ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  );
}
