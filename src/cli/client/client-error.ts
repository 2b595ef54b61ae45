import type { IncomingMessage } from 'node:http';

import type { Endpoint } from './endpoint.js';

/** A server that cannot be talked to, or that said no: its message is a sentence for whoever typed. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  constructor(
    message: string,
    /** Null = there was no answer. */
    readonly status: number | null = null,
  ) {
    super(message);
  }
}

/** Of an answer that is no answer; more is not read. */
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_QUOTED = 300;

type Sentence = (endpoint: Endpoint) => string;

/** Codes of Node's sockets, its TLS and its HTTP parser. */
const UNREACHED: Readonly<Record<string, Sentence>> = {
  ECONNREFUSED: ({ name }) => `Nobody answers at ${name}: is a server running there?`,
  ENOTFOUND: ({ name }) => `The host of ${name} is not known.`,
  EAI_AGAIN: ({ name }) => `The host of ${name} cannot be looked up now.`,
  ECONNRESET: ({ name }) => `The server at ${name} closed the connection.`,
  EPIPE: ({ name }) => `The server at ${name} closed the connection.`,
  EPROTO: ({ name }) => `${name} does not speak TLS: try http://.`,
  ERR_SSL_WRONG_VERSION_NUMBER: ({ name }) => `${name} does not speak TLS: try http://.`,
  DEPTH_ZERO_SELF_SIGNED_CERT: ({ name }) =>
    `The certificate of ${name} is not trusted: NODE_EXTRA_CA_CERTS names a file with its issuer.`,
};

/** What a failed connection is called. */
export function unreached(error: unknown, endpoint: Endpoint): ClientError {
  if (error instanceof ClientError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const sentence = UNREACHED[code];
  if (sentence !== undefined) return new ClientError(sentence(endpoint));
  if (code.startsWith('HPE_')) return new ClientError(`${endpoint.name} does not speak HTTP.`);
  return new ClientError(`${endpoint.name} cannot be reached: ${message || code}.`);
}

/** What an answer that is not 200 says. Reads its body. */
export async function refused(
  message: IncomingMessage,
  path: string,
  endpoint: Endpoint,
): Promise<ClientError> {
  const status = message.statusCode ?? 0;
  const said = saidIn(await textOf(message).catch(() => ''));
  return new ClientError(sentenceOf(status, said, `${endpoint.name}${path}`), status);
}

function sentenceOf(status: number, said: string | null, url: string): string {
  const quoted = said === null ? '' : ` ${said}`;
  if (status === 401 || status === 403) {
    return `The server wants another key (${status}): --api-key, RADISH_API_KEY or OPENAI_API_KEY.${quoted}`;
  }
  if (status === 404 && (said === null || /^not found\.?$/i.test(said))) {
    return `${url} is not there (404): does --url name an OpenAI server?`;
  }
  return `The server said ${status}.${quoted}`;
}

/** The sentence in a body, however the server nests it; null = none. */
export function saidIn(body: string): string | null {
  try {
    return messageOf(JSON.parse(body));
  } catch {
    const isPage = /^\s*</.test(body);
    return isPage || body.trim() === '' ? null : body.trim().slice(0, MAX_QUOTED);
  }
}

/** `{error: {message}}`, `{message}`, `{error}` and `{detail}`; null = none. */
export function messageOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  for (const key of ['error', 'message', 'detail']) {
    const found = messageOf((value as Readonly<Record<string, unknown>>)[key]);
    if (found !== null) return found;
  }
  return null;
}

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let numBytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    pieces.push(piece);
    numBytes += piece.length;
    if (numBytes > MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(pieces).toString().slice(0, MAX_ERROR_BYTES);
}
