import type { Meter } from './meter.js';
import { show } from './show.js';
import { Markup, type Value } from './values.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** markupsafe's `escape`: what is {@link Markup} already stays. */
export function escapeHtml(value: Value, meter: Meter): Markup {
  return value instanceof Markup ? value : forceEscape(show(value, meter), meter);
}

export function forceEscape(text: string, meter: Meter): Markup {
  meter.chars(text.length * 5);
  return new Markup(text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char));
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\xa0',
};

/** markupsafe's `striptags`: tags and comments out, runs of white space to one space, entities undone. */
export function stripTags(text: string, meter: Meter): string {
  meter.chars(text.length * 4);
  const bare = cut(cut(text, '<!--', '-->'), '<', '>');
  const spaced = bare
    .split(/[\s\x1c-\x1f\x85]+/)
    .filter((word) => word !== '')
    .join(' ');
  return spaced.replace(
    /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-z]+));/g,
    (all, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return NAMED[name] ?? all;
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}

/** Without everything from `open` to the next `close`. */
function cut(text: string, open: string, close: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let start = text.indexOf(open); start !== -1; start = text.indexOf(open, at)) {
    const end = text.indexOf(close, start);
    if (end === -1) break;
    parts.push(text.slice(at, start));
    at = end + close.length;
  }
  return parts.join('') + text.slice(at);
}
