import { raise, typeError } from './errors.js';
import { formatValue } from './format-spec.js';
import type { Meter } from './meter.js';
import { repr, show } from './show.js';
import type { Kwargs, Value } from './values.js';

export interface BraceArguments {
  readonly args: readonly Value[];
  readonly kwargs: Kwargs;
  readonly getItem: (of: Value, key: Value) => Value;
  readonly getAttribute: (of: Value, name: string) => Value;
  readonly meter: Meter;
}

const MAX_DEPTH = 2;

/** `text.format(…)`, with the sandbox's look-ups. @throws TemplateError ValueError, IndexError, KeyError */
export function formatBraces(text: string, given: BraceArguments): string {
  return new BraceFormatter(given).format(text, 0);
}

class BraceFormatter {
  readonly #given: BraceArguments;
  #nextIndex = 0;
  #isManual = false;
  #length = 0;

  constructor(given: BraceArguments) {
    this.#given = given;
  }

  format(text: string, depth: number): string {
    if (depth >= MAX_DEPTH) raise('ValueError', 'Max string recursion exceeded');
    let out = '';
    let at = 0;
    while (at < text.length) {
      const brace = text.slice(at).search(/[{}]/);
      if (brace === -1) return out + text.slice(at);
      const char = text[at + brace] ?? '';
      out += text.slice(at, at + brace);
      at += brace + 1;
      if (text[at] === char) {
        out += char;
        at++;
      } else {
        if (char === '}') raise('ValueError', "Single '}' encountered in format string");
        const end = fieldEnd(text, at);
        out += this.#field(text.slice(at, end), depth);
        at = end + 1;
      }
      this.#given.meter.chars(text.length - at);
    }
    return out;
  }

  #field(field: string, depth: number): string {
    const { meter } = this.#given;
    const [, path = '', conversion, spec = ''] =
      /^([^!:]*)(?:!([^:]*))?(?::([^]*))?$/.exec(field) ?? [];
    const value = this.#value(path);
    const inner = spec.includes('{') ? this.format(spec, depth + 1) : spec;
    const shown = formatValue(converted(value, conversion, meter), inner, meter);
    this.#length += shown.length;
    meter.fits(this.#length);
    meter.chars(shown.length);
    return shown;
  }

  #value(path: string): Value {
    const [first = ''] = /^[^.[]*/.exec(path) ?? [];
    let value = this.#first(first, path);
    for (const [, name, key] of path.slice(first.length).matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
      if (name !== undefined) value = this.#given.getAttribute(value, name);
      else value = this.#given.getItem(value, /^\d+$/.test(key ?? '') ? Number(key) : (key ?? ''));
    }
    return value;
  }

  #first(name: string, path: string): Value {
    if (name !== '' && !/^\d+$/.test(name)) {
      return this.#given.kwargs.get(name) ?? raiseKey(name, this.#given.kwargs);
    }
    if (name === '' && path !== '') raiseKey(name, new Map());
    if (name !== '') this.#isManual = true;
    else if (this.#isManual) {
      raise(
        'ValueError',
        'cannot switch from manual field specification to automatic field numbering',
      );
    }
    const index = name === '' ? this.#nextIndex++ : Number(name);
    const value = this.#given.args[index];
    if (value !== undefined) return value;
    return raise('IndexError', `Replacement index ${index} out of range for positional args tuple`);
  }
}

function raiseKey(name: string, kwargs: Kwargs): Value {
  return kwargs.has(name) ? null : raise('KeyError', `'${name}'`);
}

/** Where the field that begins at `start` ends: at its closing brace. */
function fieldEnd(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return raise('ValueError', "expected '}' before end of string");
}

function converted(value: Value, conversion: string | undefined, meter: Meter): Value {
  if (conversion === undefined) return value;
  if (conversion === 's') return show(value, meter);
  if (conversion === 'r' || conversion === 'a') return repr(value, meter);
  return typeError(`Unknown conversion specifier ${conversion}`);
}
