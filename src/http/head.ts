import type { FullResponse } from './http.js';

/** Bytes of request line and headers; above it the answer is 431. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** The headers of one request, and whether they can be trusted. */
export interface RequestHead {
  /** Lower-case names; of a repeated header the first value. */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * The refusal of a request whose end cannot be told for sure, or whose host: two framings of one body are how
   * requests are smuggled past a proxy. It closes the connection, unread. Null = all is well.
   */
  readonly fault: FullResponse | null;
}

/** Digits only, and few enough to be exact. */
const LENGTH = /^\d{1,15}$/;

/** What must hold of a request's headers: the first that does not is the refusal. */
const RULES: readonly (readonly [
  isBroken: (head: Head) => boolean,
  status: number,
  why: string,
])[] = [
  [({ numBytes }) => numBytes > MAX_HEADER_BYTES, 431, 'The request header is too large.'],
  [(head) => count(head, 'host') > 1, 400, 'Several Host headers.'],
  [(head) => count(head, 'content-length') > 1, 400, 'Several Content-Length headers.'],
  [
    (head) => values(head, 'content-length').some((text) => !LENGTH.test(text)),
    400,
    'Content-Length must be a number of bytes.',
  ],
  [
    (head) => values(head, 'transfer-encoding').some((text) => text.toLowerCase() !== 'chunked'),
    400,
    'Transfer-Encoding must be chunked.',
  ],
  [(head) => count(head, 'transfer-encoding') > 1, 400, 'Several Transfer-Encoding headers.'],
  [
    (head) => count(head, 'transfer-encoding') > 0 && count(head, 'content-length') > 0,
    400,
    'Content-Length beside Transfer-Encoding.',
  ],
];

interface Head {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly numBytes: number;
}

/** @param fields in the order in which they came, with lower-case names */
export function readHead(fields: readonly (readonly [string, string])[]): RequestHead {
  const headers = new Map<string, string>();
  let numBytes = 0;
  for (const [name, value] of fields) {
    numBytes += name.length + value.length;
    if (!headers.has(name)) headers.set(name, value);
  }
  const broken = RULES.find(([isBroken]) => isBroken({ fields, numBytes }));
  if (broken === undefined) return { headers, fault: null };
  const [, status, body] = broken;
  return { headers, fault: { status, body, close: true } };
}

function values({ fields }: Head, name: string): readonly string[] {
  return fields.filter(([one]) => one === name).map(([, value]) => value);
}

function count(head: Head, name: string): number {
  return values(head, name).length;
}
