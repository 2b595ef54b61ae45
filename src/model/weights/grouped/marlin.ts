import type { InputFiles } from '../input-files.js';
import { evenGroups, type GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { floatsOf, partColumns, type StoredPart } from './part.js';
import { wordsOf } from './word-fields.js';

/**
 * Codes of four bits in the order in which the threads of the Marlin kernel (arXiv 2408.11743) read them: tiles of 16
 * inputs and 64 outputs, each 128 words. Their zero is 8.
 */
export interface MarlinPacking {
  readonly kind: 'marlin';
  /** Inputs of a group, one behind the other. */
  readonly groupSize: number;
  readonly parts: {
    /** `[in / 16, 2 * out]` words. */
    readonly codes: StoredPart;
    /** `[groups, out]` floats, each 64 (of one group: 32) in an order of their own. */
    readonly scales: StoredPart;
  };
}

const TILE_INPUTS = 16;
const TILE_OUTPUTS = 64;
const TILE_WORDS = 128;
const WORD_CODES = 8;
const ZERO = 8;

/** Codes of a word, lowest first: inputs behind the word's first, and whether the output is eight further on. */
const SLOTS = [0, 2, 4, 6, 1, 3, 5, 7].map((place) => ({
  input: [0, 1, 8, 9][place & 3] as number,
  output: place < 4 ? 0 : 8,
}));

export function readMarlin(
  files: InputFiles,
  { groupSize, parts }: MarlinPacking,
  { begin, end, columns }: RowsToRead,
): GroupedRows {
  const first = Math.floor(begin / TILE_OUTPUTS);
  const tiles = { begin: first, end: Math.ceil(end / TILE_OUTPUTS) };
  const words = wordsOf(
    partColumns(files, parts.codes, {
      begin: tiles.begin * TILE_WORDS,
      end: tiles.end * TILE_WORDS,
    }),
  );
  const outputs = { begin: tiles.begin * TILE_OUTPUTS, end: tiles.end * TILE_OUTPUTS };
  const stored = floatsOf(parts.scales, partColumns(files, parts.scales, outputs));
  const groups = parts.scales.shape[0] ?? 1;
  const skipped = begin - outputs.begin;
  const rows = end - begin;
  return {
    codes: codesOf(words, columns).subarray(skipped * columns, (skipped + rows) * columns),
    scales: scalesOf(stored, groups).subarray(skipped * groups, (skipped + rows) * groups),
    zeros: null,
    groupOf: evenGroups(columns, groupSize),
  };
}

/** `[64 * tiles, columns]` of words `[columns / 16, 128 * tiles]`. */
function codesOf(words: Uint32Array, columns: number): Float32Array {
  const codes = new Float32Array(words.length * WORD_CODES);
  const width = (words.length * TILE_INPUTS) / columns;
  for (let at = 0; at < words.length; at++) {
    const row = Math.floor(at / width);
    const tile = Math.floor((at % width) / TILE_WORDS);
    const word = at % TILE_WORDS;
    const thread = word >> 2;
    const input = row * TILE_INPUTS + 2 * (thread & 3);
    const output = tile * TILE_OUTPUTS + 16 * (word & 3) + (thread >> 2);
    let bits = words[at] as number;
    for (const slot of SLOTS) {
      codes[(output + slot.output) * columns + input + slot.input] = (bits & 15) - ZERO;
      bits >>>= 4;
    }
  }
  return codes;
}

/** `[outputs, groups]` of what is stored, `[groups, outputs]`. */
function scalesOf(stored: Float32Array, groups: number): Float32Array {
  const outputs = stored.length / groups;
  const place = groups === 1 ? placeOfOnly : placeOfMany;
  const scales = new Float32Array(stored.length);
  for (let output = 0; output < outputs; output++) {
    for (let group = 0; group < groups; group++) {
      scales[output * groups + group] = stored[group * outputs + place(output)] as number;
    }
  }
  return scales;
}

/** Of 64 each eighth. */
function placeOfMany(output: number): number {
  const inTile = output % TILE_OUTPUTS;
  return output - inTile + 8 * (inTile & 7) + (inTile >> 3);
}

/** Of 32 pairs, each fourth. */
function placeOfOnly(output: number): number {
  const inRun = output % 32;
  return output - inRun + 8 * ((inRun & 7) >> 1) + 2 * (inRun >> 3) + (inRun & 1);
}
