import { createHash, timingSafeEqual } from 'node:crypto';

import type { HttpRequest } from './http.js';

/** Everything else needs the key: SGLang's exemptions, which load balancers rely on. */
const OPEN_PREFIXES = ['/health', '/metrics', '/ready'];

/** What changes the server for everybody, or shows its weights: with `--admin-api-key` only that key opens it. */
const ADMIN_PATHS: ReadonlySet<string> = new Set([
  ...['/flush_cache', '/abort_request', '/pause_generation', '/continue_generation'],
  ...['/configure_logging', '/set_internal_state', '/freeze_gc'],
  ...['/start_profile', '/stop_profile', '/debug/fail_device'],
  ...['/start_expert_distribution_record', '/stop_expert_distribution_record'],
  ...['/dump_expert_distribution_record', '/get_weights_by_name'],
  ...['/load_lora_adapter', '/unload_lora_adapter'],
  ...['/update_weights', '/update_weights_from_disk', '/update_weights_from_tensor'],
  ...['/update_weight_version', '/release_memory_occupation', '/resume_memory_occupation'],
]);

/** Decides by method and path alone, before routing, so that a new route is protected by default. */
export type AuthCheck = (request: HttpRequest) => boolean;

/**
 * SGLang's rules: admin routes need the admin key where there is one, else the plain
 * key; all others need the plain key, and are open without one.
 */
export function createAuth(apiKey: string | null, adminApiKey: string | null = null): AuthCheck {
  const isPlain = keyCheck(apiKey);
  const isAdmin = keyCheck(adminApiKey ?? apiKey);
  return (request) => {
    if (isExempt(request)) return true;
    return ADMIN_PATHS.has(request.path) ? isAdmin(request) : isPlain(request);
  };
}

function keyCheck(key: string | null): AuthCheck {
  if (key === null) return () => true;
  const expected = digest(key);
  const matches = (given: string | null): boolean =>
    given !== null && timingSafeEqual(digest(given), expected);
  return ({ headers }) =>
    matches(bearerToken(headers.get('authorization'))) || matches(headers.get('x-api-key') ?? null);
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
