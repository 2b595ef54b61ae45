import { setMaxListeners } from 'node:events';

import { coerceBoolean } from '../http/coerce.js';

/** As the routes read it, to which `"true"` and 1 are true; what is no body is refused by the call. */
export function isStreamed(request: { readonly stream?: unknown } | null | undefined): boolean {
  return coerceBoolean(request?.stream) === true;
}

/** One signal may stand for any number of calls: Node takes more than 10 for a leak. */
export function listenTo(signal: AbortSignal, onAbort: () => void): void {
  if (signal instanceof AbortSignal) setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
}
