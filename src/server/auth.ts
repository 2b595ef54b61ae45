import { createHash, timingSafeEqual } from 'node:crypto';

import type { HttpRequest } from './http.js';

/** Everything else needs the key: SGLang's exemptions, which load balancers rely on. */
const OPEN_PREFIXES = ['/health', '/metrics'];

/** Decides by method and path alone, before routing, so that a new route is protected by default. */
export type AuthCheck = (request: HttpRequest) => boolean;

export function createAuth(apiKey: string | null): AuthCheck {
  if (apiKey === null) return () => true;
  const expected = digest(apiKey);
  const matches = (key: string | null): boolean =>
    key !== null && timingSafeEqual(digest(key), expected);
  return (request) =>
    isExempt(request) ||
    matches(bearerToken(request.headers.get('authorization'))) ||
    matches(request.headers.get('x-api-key') ?? null);
}

function isExempt({ method, path }: HttpRequest): boolean {
  return method === 'OPTIONS' || OPEN_PREFIXES.some((prefix) => path.startsWith(prefix));
}

function bearerToken(header: string | undefined): string | null {
  return /^bearer +(.+)$/i.exec(header ?? '')?.[1] ?? null;
}

/** Equal lengths, so that the comparison takes the same time for every guess. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
