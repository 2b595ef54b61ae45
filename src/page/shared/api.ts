import { sentenceIn, ServerError } from './failure.js';
import { key } from './key.js';

/** An address of this server, wherever a proxy has put it. */
export function addressOf(path: string): string {
  return new URL(path.replace(/^\//, ''), document.baseURI).href;
}

/** The same for a WebSocket. */
export function socketAddressOf(path: string): string {
  return addressOf(path).replace(/^http/, 'ws');
}

/** @throws ServerError unless the answer is one; DOMException where `signal` ended it */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key.value !== null) headers.set('authorization', `Bearer ${key.value}`);
  const response = await reach(path, { ...init, headers });
  if (response.ok) return response;
  throw new ServerError(response.status, sentenceIn(await response.text(), response.status));
}

async function reach(path: string, init: RequestInit): Promise<Response> {
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

export async function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return ask(path, { ...init, method: 'POST', headers, body: JSON.stringify(body) });
}

export async function postJson(path: string, body: unknown): Promise<unknown> {
  return (await post(path, body)).json();
}
