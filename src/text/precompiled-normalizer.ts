type Json = Readonly<Record<string, unknown>>;

const ENCODER = new TextEncoder();
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Longer graphemes are looked up character by character, as in the Rust library. */
const GRAPHEME_BYTES_MAX = 5;

/**
 * SentencePiece's compiled normalization rules, which XLM-RoBERTa's tokenizer.json carries as
 * `precompiled_charsmap`: a darts double-array trie from UTF-8 bytes to offsets into a list of
 * replacements. The tokenizer library only approximates them (it takes joiners for spaces).
 */
export class PrecompiledNormalizer {
  readonly #units: Uint32Array;
  /** Replacements, each ended by a zero byte. */
  readonly #replacements: Buffer;

  constructor(charsmap: Buffer) {
    const trieBytes = charsmap.readUInt32LE(0);
    const end = 4 + trieBytes;
    this.#units = new Uint32Array(trieBytes / 4);
    for (let i = 0; i < this.#units.length; i++) this.#units[i] = charsmap.readUInt32LE(4 + 4 * i);
    this.#replacements = charsmap.subarray(end);
  }

  normalize(text: string): string {
    let out = '';
    for (const { segment } of SEGMENTER.segment(text)) out += this.#grapheme(segment);
    return out;
  }

  #grapheme(grapheme: string): string {
    const bytes = ENCODER.encode(grapheme);
    const whole = bytes.length <= GRAPHEME_BYTES_MAX ? this.#replacementOf(bytes) : null;
    if (whole !== null) return whole;
    let out = '';
    for (const char of grapheme) out += this.#replacementOf(ENCODER.encode(char)) ?? char;
    return out;
  }

  /** What replaces the shortest prefix of `bytes` that has a replacement; null where none has. */
  #replacementOf(bytes: Uint8Array): string | null {
    let position = offsetOf(this.#units[0] ?? 0);
    for (const byte of bytes) {
      if (byte === 0) return null;
      position ^= byte;
      const unit = this.#units[position] ?? 0;
      if ((unit & 0x800000ff) !== byte) return null;
      position ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.#textAt((this.#units[position] ?? 0) & 0x7fffffff);
    }
    return null;
  }

  #textAt(offset: number): string {
    const end = this.#replacements.indexOf(0, offset);
    return this.#replacements.toString('utf8', offset, end < 0 ? undefined : end);
  }
}

/** Where a unit's children are, relative to it (darts-clone's layout). */
function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** A tokenizer.json in two: the rules that its normalizer begins with, and the rest of it. */
export function splitPrecompiled(json: Json): {
  readonly normalizer: PrecompiledNormalizer | null;
  readonly rest: Json;
} {
  const { normalizer } = json;
  const list =
    isObject(normalizer) && Array.isArray(normalizer['normalizers'])
      ? (normalizer['normalizers'] as readonly unknown[])
      : [normalizer];
  const [first, ...others] = list;
  const charsmap =
    isObject(first) && first['type'] === 'Precompiled' ? first['precompiled_charsmap'] : null;
  if (typeof charsmap !== 'string' || charsmap === '') return { normalizer: null, rest: json };
  const rest = { ...json, normalizer: { type: 'Sequence', normalizers: others } };
  return { normalizer: new PrecompiledNormalizer(Buffer.from(charsmap, 'base64')), rest };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
