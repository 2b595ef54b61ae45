import { UsageError } from '../../config/flag-spec.js';

/** A server that is talked to. */
export interface Endpoint {
  /** `http://host:port/prefix`, without `/v1` and without a slash at the end. */
  readonly root: string;
  /** For sentences: {@link root} without what is secret. */
  readonly name: string;
  readonly key: string | null;
}

/** Where a key may come from; null = not given. */
export interface Keys {
  /** `--api-key`, or `RADISH_API_KEY`: sent wherever it is asked for. */
  readonly radish: string | null;
  /** `OPENAI_API_KEY`: sent over TLS, and to this machine. */
  readonly openAi: string | null;
}

/** What somebody may have copied along. */
const KNOWN_ENDS = /(?:\/v1(?:\/(?:chat\/completions|completions|models))?)?\/*$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Reads `--url`: with or without `http://`, with or without `/v1`. @throws UsageError */
export function endpointOf(text: string, keys: Keys): Endpoint {
  const url = parsed(text);
  const path = url.pathname.replace(/\/+$/, '').replace(KNOWN_ENDS, '');
  const login = url.username === '' ? '' : `${url.username}:${url.password}@`;
  return {
    root: `${url.protocol}//${login}${url.host}${path}`,
    name: `${url.protocol}//${url.host}${path}`,
    key: keys.radish ?? (isPrivate(url) ? keys.openAi : null),
  };
}

function parsed(text: string): URL {
  const isWhole = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  try {
    const url = new URL(isWhole ? text : `http://${text}`);
    if (/^https?:$/.test(url.protocol)) return url;
  } catch {
    // It is no address.
  }
  throw new UsageError(`--url must be an address such as http://127.0.0.1:30000, got '${text}'.`);
}

/** Whether nobody else can read along. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || LOOPBACK.test(hostname);
}
