const QUOTE = 34;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/**
 * Whether a field of an event is a text that is not empty. Looks at bytes: reading the JSON of each token would make
 * the client slower than some servers. A text cannot pretend to be a field, because its quotes are escaped.
 *
 * @param field with its quotes and colon: `"text":`
 */
export function hasText(event: Buffer, field: Buffer): boolean {
  const at = valueAt(event, event.indexOf(field), field);
  return at >= 0 && event[at] === QUOTE && event[at + 1] !== QUOTE;
}

/** The last field of that name whose value is a whole number; null = there is none. */
export function lastCount(event: Buffer, field: Buffer): number | null {
  const from = valueAt(event, event.lastIndexOf(field), field);
  if (from < 0) return null;
  let value = 0;
  let at = from;
  for (let byte = event[at]; isDigit(byte); byte = event[++at]) value = 10 * value + (byte - ZERO);
  return at === from ? null : value;
}

/** Whether a field is an object. */
export function hasObject(event: Buffer, field: Buffer): boolean {
  const at = valueAt(event, event.lastIndexOf(field), field);
  return at >= 0 && event[at] === 123;
}

function valueAt(event: Buffer, found: number, field: Buffer): number {
  if (found < 0) return -1;
  let at = found + field.length;
  while (event[at] === SPACE) at++;
  return at;
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
