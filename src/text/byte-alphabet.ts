/**
 * GPT-2's table, inverted: printable bytes stand for themselves, the other 68 are moved to U+0100
 * and up in order.
 */
const BYTE_OF: ReadonlyMap<number, number> = byteAlphabet();

function byteAlphabet(): Map<number, number> {
  const table = new Map<number, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte++) {
    table.set(isPrintable(byte) ? byte : 256 + moved++, byte);
  }
  return table;
}

function isPrintable(byte: number): boolean {
  return (
    (byte >= 0x21 && byte <= 0x7e) ||
    (byte >= 0xa1 && byte <= 0xac) ||
    (byte >= 0xae && byte <= 0xff)
  );
}

const UTF8 = new TextEncoder();

/** The bytes of a byte-level token; the UTF-8 of one that has a character outside the alphabet. */
export function bytesOfToken(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF.get(token.charCodeAt(i));
    if (byte === undefined) return UTF8.encode(token);
    bytes[i] = byte;
  }
  return bytes;
}
