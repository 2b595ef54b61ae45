/** Jinja2's `wordwrap`: Python's textwrap over each line of a text. */
import { charLength, splitLines } from './characters.js';
import { isTrue } from './compare.js';
import { raise } from './errors.js';
import type { Meter } from './meter.js';
import { toIndex } from './numbers.js';
import { filter, type Filter } from './runtime.js';
import { show } from './show.js';
import { joinTexts } from './text-methods.js';
import { textOf, isText, Markup } from './values.js';

const SPACE = '[\\t\\n\\v\\f\\r ]';
const NO_SPACE = '[^\\t\\n\\v\\f\\r ]';
const WORD = '[\\p{L}\\p{N}_]';
const PUNCTUATED = '[\\p{L}\\p{N}_!"\'&.,?]';
const LETTER = '[\\p{L}\\p{Nl}\\p{No}_]';
/** `TextWrapper.wordsep_re`: white space, dashes between words, words that may break behind a hyphen. */
const WORD_PARTS = new RegExp(
  `(${SPACE}+|(?<=${PUNCTUATED})-{2,}(?=${WORD})|${NO_SPACE}+?(?:` +
    `-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${PUNCTUATED}-))(?=${LETTER}-?${LETTER})|` +
    `(?=${SPACE}|$)|(?<=${PUNCTUATED})(?=-{2,}${WORD})))`,
  'u',
);
const SPACES_APART = new RegExp(`(${SPACE}+)`);

interface Wrapping {
  readonly width: number;
  readonly breaksLongWords: boolean;
  readonly breaksOnHyphens: boolean;
}

/** The lines of one line without its end. */
function wrapLine(line: string, wrapping: Wrapping, meter: Meter): readonly string[] {
  const { width, breaksLongWords, breaksOnHyphens } = wrapping;
  if (width <= 0) raise('ValueError', `invalid width ${width} (must be > 0)`);
  const parts = line.split(breaksOnHyphens ? WORD_PARTS : SPACES_APART);
  const chunks = parts.filter((part) => part !== '').reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    meter.steps(1);
    if (isBlank(chunks.at(-1)) && lines.length > 0) chunks.pop();
    const current: string[] = [];
    let length = 0;
    for (let next = chunks.at(-1); next !== undefined; next = chunks.at(-1)) {
      meter.steps(1);
      const size = charLength(next);
      if (length + size > width) break;
      current.push(next);
      chunks.pop();
      length += size;
    }
    const long = chunks.at(-1);
    if (long !== undefined && charLength(long) > width) {
      const room = Math.max(width - length, 0);
      if (breaksLongWords) breakWord(chunks, current, long, { room, breaksOnHyphens });
      else if (current.length === 0) current.push(chunks.pop() ?? '');
      length = current.reduce((sum, part) => sum + charLength(part), 0);
    }
    if (isBlank(current.at(-1))) current.pop();
    if (current.length > 0) lines.push(current.join(''));
  }
  return lines;
}

/** `_handle_long_word`: as much of the word as fits, up to a hyphen where there is one. */
function breakWord(
  chunks: string[],
  current: string[],
  word: string,
  { room, breaksOnHyphens }: { readonly room: number; readonly breaksOnHyphens: boolean },
): void {
  const chars = Array.from(word);
  let end = room;
  if (breaksOnHyphens && room > 0 && chars.length > room) {
    const hyphen = chars.lastIndexOf('-', room - 1);
    if (hyphen > 0 && chars.slice(0, hyphen).some((char) => char !== '-')) end = hyphen + 1;
  }
  current.push(chars.slice(0, end).join(''));
  chunks[chunks.length - 1] = chars.slice(end).join('');
}

/** `not text.strip()` */
function isBlank(text: string | undefined): boolean {
  return text !== undefined && /^[\s\x1c-\x1f\x85]*$/.test(text);
}

export const WRAP_FILTERS: readonly (readonly [string, Filter])[] = [
  [
    'wordwrap',
    filter(
      'width? break_long_words? wrapstring? break_on_hyphens?',
      (value, [width, breaksLongWords, wrapString, breaksOnHyphens], { meter }) => {
        if (!isText(value)) return raise('AttributeError', 'wordwrap takes a text.');
        const text = textOf(value);
        meter.chars(text.length * 4);
        const wrapping = {
          width: toIndex(width ?? 79),
          breaksLongWords: isTrue(breaksLongWords ?? true),
          breaksOnHyphens: isTrue(breaksOnHyphens ?? true),
        };
        const ending =
          wrapString === undefined || wrapString === null ? '\n' : show(wrapString, meter);
        const lines = splitLines(text).map((line) =>
          joinTexts(ending, [...wrapLine(line, wrapping, meter)], meter),
        );
        const wrapped = joinTexts(ending, lines, meter);
        return wrapString instanceof Markup ? new Markup(wrapped) : wrapped;
      },
    ),
  ],
];
