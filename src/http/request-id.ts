import { randomUUID } from 'node:crypto';

/** One word of printable ASCII, so that it is itself in a header, a log line and a shell. */
const FIT = /^[!-~]{1,128}$/;

/** The client's own `x-request-id` where it is fit to be sent back, else a new one. */
export function requestIdOf(headers: ReadonlyMap<string, string>): string {
  const given = headers.get('x-request-id');
  return given !== undefined && FIT.test(given) ? given : randomUUID();
}
