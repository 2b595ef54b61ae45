import { ModelLoadError } from '../../load-error.js';
import type { InputFiles } from '../input-files.js';
import { evenGroups, type GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { floatsOf, partBytes, partColumns, type Range, type StoredPart } from './part.js';
import { codesOfColumns, codesOfRows, wordFields, wordsOf, type WordOrder } from './word-fields.js';

/**
 * Codes of a few bits in words of 32, stored with the inputs before the outputs: each group of inputs has a scale and a
 * zero for every output. Zeros lie in words along the outputs.
 */
export interface WordsPacking {
  readonly kind: 'words';
  readonly bits: number;
  readonly order: WordOrder;
  /** Which way a word's codes go on: `[in * bits / 32, out]` words, or `[in, out * bits / 32]`. */
  readonly along: 'in' | 'out';
  readonly zeros: ZeroShift;
  /** Inputs of a group, one behind the other; where `groupOf` says it, this is not looked at. */
  readonly groupSize: number;
  readonly parts: {
    readonly codes: StoredPart;
    /** `[groups, out * bits / 32]` words. */
    readonly zeros: StoredPart;
    /** `[groups, out]` floats. */
    readonly scales: StoredPart;
    /** `[in]` of i32: the group of each input. */
    readonly groupOf?: StoredPart;
  };
}

/** What was taken away from zeros before they were stored. */
export interface ZeroShift {
  /** From each word, in turns, over the ends of its codes; empty = nothing. */
  readonly ofWords: readonly number[];
  /** From each code, within its bits. */
  readonly ofCodes: number;
}

export function readWords(
  files: InputFiles,
  packing: WordsPacking,
  { begin, end, columns }: RowsToRead,
): GroupedRows {
  const { parts, along } = packing;
  const rows = { begin, end };
  const scales = floatsOf(parts.scales, partColumns(files, parts.scales, rows));
  const numGroups = parts.scales.shape[0] ?? 0;
  return {
    codes:
      along === 'in' ? codesAlongIn(files, packing, rows) : codesAlongOut(files, packing, rows),
    scales: turned(scales, numGroups, end - begin),
    zeros: zerosOf(files, packing, rows),
    groupOf: groupsOfWords(files, packing, columns),
  };
}

/** `[columns]`: the group of each column. @throws ModelLoadError on a group that is none */
export function groupsOfWords(
  files: InputFiles,
  { parts: { groupOf, scales }, groupSize }: WordsPacking,
  columns: number,
): Uint32Array {
  if (groupOf === undefined) return evenGroups(columns, groupSize);
  return storedGroups(files, groupOf, scales.shape[0] ?? 0);
}

function codesAlongIn(files: InputFiles, packing: WordsPacking, rows: Range): Float32Array {
  const words = wordsOf(partColumns(files, packing.parts.codes, rows));
  return codesOfColumns(words, rows.end - rows.begin, wordFields(packing.order, packing.bits));
}

function codesAlongOut(files: InputFiles, packing: WordsPacking, rows: Range): Float32Array {
  return acrossWords(files, packing, { part: packing.parts.codes, rows }, (words) => words);
}

function zerosOf(files: InputFiles, packing: WordsPacking, rows: Range): Float32Array {
  const { ofWords, ofCodes } = packing.zeros;
  const zeros = acrossWords(files, packing, { part: packing.parts.zeros, rows }, (words) => {
    // Each line begins with a whole block, so turns begin there too.
    const turns = ofWords.length;
    for (let i = 0; turns > 0 && i < words.length; i++) {
      words[i] = (words[i] as number) + (ofWords[i % turns] as number);
    }
    return words;
  });
  const mask = 2 ** packing.bits - 1;
  for (let i = 0; ofCodes !== 0 && i < zeros.length; i++) {
    zeros[i] = ((zeros[i] as number) + ofCodes) & mask;
  }
  return zeros;
}

/** Codes `[rows, lines]` of a part `[lines, words]` whose words hold codes of several rows. */
function acrossWords(
  files: InputFiles,
  { order, bits }: WordsPacking,
  { part, rows }: { readonly part: StoredPart; readonly rows: Range },
  change: (words: Uint32Array) => Uint32Array,
): Float32Array {
  const fields = wordFields(order, bits);
  const firstBlock = Math.floor(rows.begin / fields.codes);
  const lastBlock = Math.ceil(rows.end / fields.codes);
  const lines = part.shape[0] ?? 0;
  const range = { begin: firstBlock * fields.words, end: lastBlock * fields.words };
  const codes = codesOfRows(change(wordsOf(partColumns(files, part, range))), lines, fields);
  const first = rows.begin - firstBlock * fields.codes;
  return codes.subarray(first * lines, (first + rows.end - rows.begin) * lines);
}

function storedGroups(files: InputFiles, part: StoredPart, numGroups: number): Uint32Array {
  const groups = wordsOf(partBytes(files, part));
  const wrong = groups.find((group) => group >= numGroups);
  if (wrong === undefined) return groups;
  throw new ModelLoadError(
    'bad_checkpoint',
    `Tensor '${part.name}' in ${part.path} names group ${wrong | 0}; there are ${numGroups}.`,
  );
}

/** `[columns, rows]` of `values` `[rows, columns]`. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return result;
}
