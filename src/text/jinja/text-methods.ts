import { bind } from './bind.js';
import * as characters from './characters.js';
import { isTrue } from './compare.js';
import { raise, typeError } from './errors.js';
import { pad } from './format-spec.js';
import type { Meter } from './meter.js';
import { toIndex } from './numbers.js';
import { sliceIndices, toArray } from './sequences.js';
import { Dict, isText, textOf, Tuple, typeName, type Kwargs, type Value } from './values.js';

type Bound = readonly (Value | undefined)[];

export interface Method {
  readonly params: readonly string[];
  run(self: string, args: Bound, meter: Meter): Value;
}

const method = (params: string, run: Method['run']): Method => ({
  params: params === '' ? [] : params.split(' '),
  run,
});

/** Calls a method of `str` by its entry. */
export function callTextMethod(
  { name, self, meter }: { readonly name: string; readonly self: string; readonly meter: Meter },
  args: readonly Value[],
  kwargs: Kwargs,
): Value {
  const entry = TEXT_METHODS.get(name);
  if (entry === undefined)
    return raise('AttributeError', `'str' object has no attribute '${name}'`);
  meter.chars(self.length * 2);
  return entry.run(self, bind(name, entry.params, args, kwargs), meter);
}

function need(value: Value | undefined): string {
  if (value !== undefined && isText(value)) return textOf(value);
  return typeError(`must be str, not ${typeName(value ?? null)}`);
}

function optionalText(value: Value | undefined): string | null {
  return value === undefined || value === null ? null : need(value);
}

function count(value: Value | undefined, otherwise: number): number {
  return value === undefined ? otherwise : toIndex(value);
}

const plain = (change: (text: string) => string): Method =>
  method('', (self, _, meter) => made(change(self), meter));

function made(text: string, meter: Meter): string {
  meter.chars(text.length);
  return text;
}

const strip = (sides: { left?: boolean; right?: boolean }): Method =>
  method('chars?', (self, [chars]) => {
    const set = optionalText(chars);
    return set === null
      ? characters.stripSpace(self, sides)
      : characters.stripChars(self, set, sides);
  });

function separatorOf(value: Value | undefined): string | null {
  const separator = optionalText(value);
  if (separator === '') raise('ValueError', 'empty separator');
  return separator;
}

function splitFromLeft(text: string, separator: string, limit: number): string[] {
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function splitFromRight(text: string, separator: string, limit: number): string[] {
  if (limit < 0) return text.split(separator);
  const parts: string[] = [];
  let end = text.length;
  while (parts.length < limit) {
    const at = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (at === -1) break;
    parts.push(text.slice(at + separator.length, end));
    end = at;
  }
  return [...parts, text.slice(0, end)].reverse();
}

const split = (isRight: boolean): Method =>
  method('sep? maxsplit?', (self, [sep, maxsplit], meter) => {
    const separator = separatorOf(sep);
    const limit = count(maxsplit, -1);
    const bySpace = isRight ? characters.rsplitSpace : characters.splitSpace;
    const byText = isRight ? splitFromRight : splitFromLeft;
    const parts = separator === null ? bySpace(self, limit) : byText(self, separator, limit);
    meter.steps(parts.length);
    return parts;
  });

const partition = (isRight: boolean): Method =>
  method('sep', (self, [sep]) => {
    const separator = separatorOf(sep) ?? '';
    const at = isRight ? self.lastIndexOf(separator) : self.indexOf(separator);
    if (at === -1) return new Tuple(isRight ? ['', '', self] : [self, '', '']);
    return new Tuple([self.slice(0, at), separator, self.slice(at + separator.length)]);
  });

/** `[start, end)` of the text; null = the start lies behind its end, where nothing is found. */
function window(
  self: string,
  start: Value | undefined,
  end: Value | undefined,
): { text: string; offset: number } | null {
  if (start === undefined && end === undefined) return { text: self, offset: 0 };
  const length = characters.charLength(self);
  const range = sliceIndices({ start: start ?? null, stop: end ?? null, step: null }, length);
  const given = start === undefined || start === null ? 0 : toIndex(start);
  if (given > length || range.start > range.stop) return null;
  return { text: characters.sliceChars(self, range.start, range.stop), offset: range.start };
}

const find = (isRight: boolean, mustFind: boolean): Method =>
  method('sub start? end?', (self, [sub, start, end]) => {
    const needle = need(sub);
    const within = window(self, start, end);
    const at =
      within === null
        ? -1
        : isRight
          ? within.text.lastIndexOf(needle)
          : within.text.indexOf(needle);
    if (at === -1 || within === null)
      return mustFind ? raise('ValueError', 'substring not found') : -1;
    return within.offset + characters.charIndex(within.text, at);
  });

const hasEdge = (test: (text: string, edge: string) => boolean, name: string): Method =>
  method('prefix start? end?', (self, [edge, start, end]) => {
    const within = window(self, start, end);
    const edges = edge instanceof Tuple ? edge.items : [edge ?? null];
    return edges.some((one) => {
      if (!isText(one)) {
        return typeError(`${name} first arg must be str or a tuple of str, not ${typeName(one)}`);
      }
      return within !== null && test(within.text, textOf(one));
    });
  });

function countOf(text: string, needle: string): number {
  return needle === '' ? characters.charLength(text) + 1 : text.split(needle).length - 1;
}

/** `replace`; the characters it makes are paid for before they are made. */
export function replaceText(
  text: string,
  [old, fresh]: readonly [string, string],
  limit: number,
  meter: Meter,
): string {
  meter.chars(text.length);
  const found = countOf(text, old);
  const times = limit < 0 ? found : Math.min(limit, found);
  if (times === 0) return text;
  meter.chars(text.length + times * Math.max(0, fresh.length - old.length));
  meter.steps(times);
  if (old === '') {
    const chars = characters.charsOf(text);
    const begun = chars.map((char, i) => (i < times ? fresh + char : char)).join('');
    return times > chars.length ? begun + fresh : begun;
  }
  return splitFromLeft(text, old, times).join(fresh);
}

/** `separator.join(items)` */
export function joinTexts(separator: string, items: readonly string[], meter: Meter): string {
  let length = 0;
  for (const item of items) length += item.length + separator.length;
  meter.chars(length);
  return items.join(separator);
}

const justify = (align: string): Method =>
  method('width fillchar?', (self, [width, fillchar], meter) => {
    const fill = fillchar === undefined ? ' ' : need(fillchar);
    if (characters.charLength(fill) !== 1)
      typeError('The fill character must be exactly one character long');
    const columns = count(width, 0);
    meter.chars(columns);
    if (align !== '^') return pad(self, { fill, align, width: columns });
    return centered(self, columns, fill);
  });

/** CPython puts the odd column left when the width is odd too. */
function centered(text: string, width: number, fill: string): string {
  const missing = width - characters.charLength(text);
  if (missing <= 0) return text;
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

function expandTabs(text: string, size: number, meter: Meter): string {
  let column = 0;
  const parts = characters.charsOf(text).map((char) => {
    if (char === '\n' || char === '\r') column = 0;
    if (char !== '\t') {
      column += char === '\n' || char === '\r' ? 0 : 1;
      return char;
    }
    const spaces = size > 0 ? size - (column % size) : 0;
    meter.chars(spaces);
    column += spaces;
    return ' '.repeat(spaces);
  });
  return made(parts.join(''), meter);
}

const tests = Object.entries(characters.CHARACTER_TESTS).map(
  ([name, test]) => [name, method('', (self) => test(self))] as const,
);

export const TEXT_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...tests,
  ['lower', plain((text) => text.toLowerCase())],
  ['casefold', plain((text) => text.toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ'))],
  ['upper', plain((text) => text.toUpperCase())],
  ['capitalize', plain(characters.capitalize)],
  ['title', plain(characters.titleCase)],
  ['swapcase', plain(characters.swapCase)],
  ['strip', strip({})],
  ['lstrip', strip({ right: false })],
  ['rstrip', strip({ left: false })],
  ['split', split(false)],
  ['rsplit', split(true)],
  ['partition', partition(false)],
  ['rpartition', partition(true)],
  ['find', find(false, false)],
  ['rfind', find(true, false)],
  ['index', find(false, true)],
  ['rindex', find(true, true)],
  ['startswith', hasEdge((text, edge) => text.startsWith(edge), 'startswith')],
  ['endswith', hasEdge((text, edge) => text.endsWith(edge), 'endswith')],
  ['ljust', justify('<')],
  ['rjust', justify('>')],
  ['center', justify('^')],
  [
    'splitlines',
    method('keepends?', (self, [keep]) => characters.splitLines(self, isTrue(keep ?? false))),
  ],
  [
    'count',
    method('sub start? end?', (self, [sub, start, end]) => {
      const within = window(self, start, end);
      return within === null ? 0 : countOf(within.text, need(sub));
    }),
  ],
  [
    'replace',
    method('old new count?', (self, [old, fresh, limit], meter) =>
      replaceText(self, [need(old), need(fresh)], count(limit, -1), meter),
    ),
  ],
  [
    'removeprefix',
    method('prefix', (self, [prefix]) =>
      self.startsWith(need(prefix)) ? self.slice(need(prefix).length) : self,
    ),
  ],
  [
    'removesuffix',
    method('suffix', (self, [suffix]) =>
      self.endsWith(need(suffix)) ? self.slice(0, self.length - need(suffix).length) : self,
    ),
  ],
  [
    'join',
    method('iterable', (self, [items], meter) => {
      const texts = toArray(items ?? null, meter).map((item, i) => {
        if (isText(item)) return textOf(item);
        return typeError(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
      });
      return joinTexts(self, texts, meter);
    }),
  ],
  [
    'zfill',
    method('width', (self, [width], meter) => {
      const columns = count(width, 0);
      meter.chars(columns);
      const sign = /^[-+]/.exec(self)?.[0] ?? '';
      const missing = columns - characters.charLength(self);
      return missing <= 0 ? self : sign + '0'.repeat(missing) + self.slice(sign.length);
    }),
  ],
  [
    'expandtabs',
    method('tabsize?', (self, [size], meter) => expandTabs(self, count(size, 8), meter)),
  ],
  [
    'translate',
    method('table', (self, [table]) => {
      if (!(table instanceof Dict)) return typeError('translate expects a dict');
      const chars = characters.charsOf(self).map((char) => {
        const to = table.get(char.codePointAt(0) ?? 0);
        if (to === undefined) return char;
        if (to === null) return '';
        return isText(to) ? textOf(to) : String.fromCodePoint(toIndex(to));
      });
      return chars.join('');
    }),
  ],
]);
