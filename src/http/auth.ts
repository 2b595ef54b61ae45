import { createHash, timingSafeEqual } from 'node:crypto';

import type { HttpRequest } from './http.js';

/**
 * Who may use a route: `open` = everybody; `key` = whoever has the plain key, or everybody where there is none;
 * `admin` = what changes the server for everybody, or shows its weights: with `--admin-api-key` only that key.
 */
export type Access = 'open' | 'key' | 'admin';

export type AuthCheck = (access: Access, request: Pick<HttpRequest, 'headers'>) => boolean;

/** SGLang's rules: admin routes need the admin key where there is one, else the plain key, as all others do. */
export function createAuth(apiKey: string | null, adminApiKey: string | null = null): AuthCheck {
  const opens = { open: () => true, key: keyCheck(apiKey), admin: keyCheck(adminApiKey ?? apiKey) };
  return (access, request) => opens[access](request);
}

function keyCheck(key: string | null): (request: Pick<HttpRequest, 'headers'>) => boolean {
  if (key === null) return () => true;
  const expected = digest(key);
  const matches = (given: string | null): boolean =>
    given !== null && timingSafeEqual(digest(given), expected);
  return ({ headers }) =>
    matches(bearerToken(headers.get('authorization'))) || matches(headers.get('x-api-key') ?? null);
}

/** The key that a request brings, right or not; null = none. */
export function keyOf(headers: HttpRequest['headers']): string | null {
  return bearerToken(headers.get('authorization')) ?? headers.get('x-api-key') ?? null;
}

function bearerToken(header: string | undefined): string | null {
  return /^bearer +(.+)$/i.exec(header ?? '')?.[1] ?? null;
}

/** Equal lengths, so that the comparison takes the same time for every guess. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
