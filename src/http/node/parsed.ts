import type { IncomingMessage } from 'node:http';

import type { ParsedRequest } from '../front.js';

/** A request of `node:http`: its own record of the headers joins or drops those that come twice. */
export function parsedOf({ method = '', url = '', rawHeaders }: IncomingMessage): ParsedRequest {
  const fields: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    fields.push([(rawHeaders[i] ?? '').toLowerCase(), rawHeaders[i + 1] ?? '']);
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  return { method, path, query: question < 0 ? '' : url.slice(question + 1), fields };
}
