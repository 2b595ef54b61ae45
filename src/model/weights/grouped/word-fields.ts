/**
 * How codes of a few bits lie in words of 32. A block is the fewest words that hold whole codes; a code is made of one
 * field of a word, or of several.
 */
export interface WordFields {
  /** Words of a block. */
  readonly words: number;
  /** Codes of a block. */
  readonly codes: number;
  readonly fields: readonly WordField[];
  /** Whether a word holds whole codes, the first lowest. */
  readonly inOrder: boolean;
}

/** Bits of `word` from `shift` on are bits of `code` from `at` on. */
interface WordField {
  readonly code: number;
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
  readonly at: number;
}

/**
 * `stream`: one code behind the other from the lowest bit on, over the ends of words. `planes`: of each 32 codes first
 * the lowest bits, then the others, in planes whose widths divide a word. `awq`: eight of four bits, the even ones
 * before the odd.
 */
export type WordOrder = 'stream' | 'planes' | 'awq';

const WORD = 32;

/** The widths of the planes, lowest first, by the bits of a code. */
const PLANES: Readonly<Record<number, readonly number[]>> = {
  3: [2, 1],
  5: [4, 1],
  6: [4, 2],
  7: [4, 2, 1],
};

/** Where the codes of `bits` bits are. */
export function wordFields(order: WordOrder, bits: number): WordFields {
  if (order === 'awq') return awqFields();
  const planes = order === 'planes' ? PLANES[bits] : undefined;
  return planes === undefined ? streamFields(bits) : planeFields(bits, planes);
}

function streamFields(bits: number): WordFields {
  const words = WORD % bits === 0 ? 1 : bits;
  const codes = (words * WORD) / bits;
  const fields = Array.from({ length: codes }, (_, code) => {
    const bit = code * bits;
    const [word, shift] = [Math.floor(bit / WORD), bit % WORD];
    const first = Math.min(bits, WORD - shift);
    const field = { code, word, shift, mask: ones(first), at: 0 };
    if (first === bits) return [field];
    const rest = { code, word: word + 1, shift: 0, mask: ones(bits - first), at: first };
    return [field, rest];
  }).flat();
  return { words, codes, fields, inOrder: words === 1 };
}

function planeFields(bits: number, widths: readonly number[]): WordFields {
  const fields: WordField[] = [];
  let at = 0;
  for (const width of widths) {
    for (let code = 0; code < WORD; code++) {
      const bit = code * width;
      const word = at + Math.floor(bit / WORD);
      fields.push({ code, word, shift: bit % WORD, mask: ones(width), at });
    }
    at += width;
  }
  return { words: bits, codes: WORD, fields, inOrder: false };
}

function awqFields(): WordFields {
  const fields = [0, 2, 4, 6, 1, 3, 5, 7].map((code, slot) => {
    return { code, word: 0, shift: 4 * slot, mask: 15, at: 0 };
  });
  return { words: 1, codes: 8, fields, inOrder: false };
}

function ones(bits: number): number {
  return 2 ** bits - 1;
}

/** Codes of `words` `[numWords, lines]`, each line's words below each other: `[lines, numCodes]`. */
export function codesOfColumns(
  words: Uint32Array,
  lines: number,
  { words: blockWords, codes: blockCodes, fields, inOrder }: WordFields,
): Float32Array {
  const numBlocks = words.length / lines / blockWords;
  const codes = new Float32Array(lines * numBlocks * blockCodes);
  if (inOrder) return wholeCodes(words, lines, codes);
  for (let line = 0; line < lines; line++) {
    for (let block = 0; block < numBlocks; block++) {
      const from = block * blockWords * lines + line;
      const to = (line * numBlocks + block) * blockCodes;
      for (const { code, word, shift, mask, at } of fields) {
        const bits = ((words[from + word * lines] as number) >>> shift) & mask;
        codes[to + code] = (codes[to + code] as number) + (bits << at);
      }
    }
  }
  return codes;
}

/** The same where words hold whole codes, the first lowest: most checkpoints are so, and this is much faster. */
function wholeCodes(words: Uint32Array, lines: number, codes: Float32Array): Float32Array {
  const numWords = words.length / lines;
  const perWord = codes.length / words.length;
  const bits = WORD / perWord;
  const mask = ones(bits);
  let at = 0;
  for (let line = 0; line < lines; line++) {
    for (let row = 0; row < numWords; row++) {
      let word = words[row * lines + line] as number;
      for (let i = 0; i < perWord; i++) {
        codes[at++] = word & mask;
        word >>>= bits;
      }
    }
  }
  return codes;
}

/** Codes of `words` `[lines, numWords]`, turned around: `[numCodes, lines]`. */
export function codesOfRows(
  words: Uint32Array,
  lines: number,
  { words: blockWords, codes: blockCodes, fields }: WordFields,
): Float32Array {
  const numWords = words.length / lines;
  const numBlocks = numWords / blockWords;
  const codes = new Float32Array(lines * numBlocks * blockCodes);
  for (let block = 0; block < numBlocks; block++) {
    for (const { code, word, shift, mask, at } of fields) {
      const from = block * blockWords + word;
      const to = (block * blockCodes + code) * lines;
      for (let line = 0; line < lines; line++) {
        const bits = ((words[line * numWords + from] as number) >>> shift) & mask;
        codes[to + line] = (codes[to + line] as number) + (bits << at);
      }
    }
  }
  return codes;
}

export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
