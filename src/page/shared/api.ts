import { sentenceIn, ServerError } from './failure.js';
import { keys } from './key.js';

/** Whose route it is: of whoever has a key, or of the administrator where the server has one. */
export type Access = 'key' | 'admin';

export interface AskOptions extends Omit<RequestInit, 'headers'> {
  readonly access?: Access;
}

/** An address of this server, wherever a proxy has put it. */
export function addressOf(path: string): string {
  return new URL(path.replace(/^\//, ''), document.baseURI).href;
}

/** The same for a WebSocket. */
export function socketAddressOf(path: string): string {
  return addressOf(path).replace(/^http/, 'ws');
}

/** @throws ServerError unless the answer is one; DOMException where `signal` ended it */
export async function ask(path: string, options: AskOptions = {}): Promise<Response> {
  const { access = 'key', ...init } = options;
  const { plain, admin } = keys.value;
  const key = access === 'admin' ? (admin ?? plain) : plain;
  const headers = {
    ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
  };
  const response = await reach(path, { ...init, headers });
  if (response.ok) return response;
  throw new ServerError(response.status, sentenceIn(await response.text(), response.status));
}

/** Without a key: what is open to everybody. @throws ServerError where nobody answers */
export async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(addressOf(path), { cache: 'no-store', credentials: 'omit', ...init });
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw new ServerError(0, 'The server cannot be reached.');
  }
}

export async function getJson(path: string): Promise<unknown> {
  return (await ask(path)).json();
}

export async function post(
  path: string,
  body: unknown,
  options: AskOptions = {},
): Promise<Response> {
  return ask(path, { ...options, method: 'POST', body: JSON.stringify(body) });
}

export async function postJson(path: string, body: unknown): Promise<unknown> {
  return (await post(path, body)).json();
}
