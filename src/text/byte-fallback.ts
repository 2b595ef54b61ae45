import type { Stage } from './fused-stages.js';

const REPLACEMENT = '\uFFFD';
/** A run of byte tokens longer than this is not held back whole. */
const BYTE_RUN_MAX = 256;

/** The byte of a token like `<0xE2>`; null for any other. */
export function fallbackByte(token: string): number | null {
  const hex = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.exec(token);
  return hex === null ? null : parseInt(hex[1] ?? '', 16);
}

/** Runs of `<0xE2>`: characters where the run is UTF-8, else one replacement character a byte. */
export class ByteFallback implements Stage {
  #bytes: number[] = [];

  push(token: string): readonly string[] {
    const byte = fallbackByte(token);
    if (byte === null) return [...this.end(), token];
    this.#bytes.push(byte);
    return this.#bytes.length > BYTE_RUN_MAX ? this.#settleHead() : [];
  }

  end(): readonly string[] {
    const text = utf8OrBroken(this.#bytes);
    this.#bytes = [];
    return text;
  }

  /** All but the beginning of a character that may go on. */
  #settleHead(): readonly string[] {
    const cut = startOfLastCharacter(this.#bytes);
    const head = this.#bytes.slice(0, cut);
    this.#bytes = this.#bytes.slice(cut);
    return utf8OrBroken(head);
  }
}

const STRICT = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

function utf8OrBroken(bytes: readonly number[]): readonly string[] {
  if (bytes.length === 0) return [];
  try {
    return [STRICT.decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => REPLACEMENT);
  }
}

function startOfLastCharacter(bytes: readonly number[]): number {
  for (let back = 1; back <= 4; back++) {
    const byte = bytes.at(-back) ?? 0;
    if ((byte & 0xc0) !== 0x80) return bytes.length - back;
  }
  return bytes.length;
}
