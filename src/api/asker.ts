import { refuse } from '../core/errors.js';
import { tenantOf, type Asker } from '../engine/asker.js';
import { keyOf } from '../http/auth.js';
import type { HttpRequest } from '../http/http.js';

/** Wins over the body's `routed_dp_rank`. */
const DP_RANK = 'x-data-parallel-rank';
/** `1` does what `return_cache_info` of the body does. */
const CACHE_INFO = 'x-radish-cache-info';

const TRUE = /^(?:1|true)$/i;

/** Who sent an HTTP request. `dpSize` bounds the header on the routes that read it. @throws RequestError */
export function askerOf({ headers }: Pick<HttpRequest, 'headers'>, dpSize: number | null): Asker {
  const text = dpSize === null ? undefined : headers.get(DP_RANK);
  return {
    tenant: tenantOf(keyOf(headers)),
    dpRank: rankOf(text, dpSize ?? 0),
    explainsMiss: TRUE.test(headers.get(CACHE_INFO) ?? ''),
  };
}

function rankOf(text: string | undefined, dpSize: number): number | null {
  if (text === undefined) return null;
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    refuse(`Invalid X-Data-Parallel-Rank header: must be an integer, got '${text.slice(0, 80)}'`);
  }
  const rank = Number(text);
  if (rank < 0 || rank >= dpSize) {
    refuse(`X-Data-Parallel-Rank must be in [0, ${dpSize - 1}], got ${rank}.`);
  }
  return rank;
}
