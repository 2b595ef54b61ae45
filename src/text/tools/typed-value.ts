import { floatText } from '../jinja/numbers.js';
import { jsonOf } from '../scan/json-value.js';

const INTEGER = /^[-+]?\d+$/;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/**
 * A value that came as bare text, as JSON of the first type that it fits; null = of none but text. Types in the order
 * in which SGLang tries them.
 */
const READERS: readonly (readonly [string, (text: string) => string | null])[] = [
  ['integer', (text) => (INTEGER.test(text) ? integerText(text) : null)],
  ['number', numberOf],
  ['boolean', (text) => (/^(?:true|false)$/i.test(text) ? text.toLowerCase() : null)],
  ['object', jsonOf],
  ['array', jsonOf],
];

/** The JSON text of an argument. @param types what its schema allows; empty = anything */
export function typedValue(text: string, types: ReadonlySet<string>): string {
  const trimmed = text.trim();
  if (types.has('null') && trimmed.toLowerCase() === 'null') return 'null';
  for (const [type, read] of READERS) {
    const value = types.has(type) ? read(trimmed) : null;
    if (value !== null) return value;
  }
  return (types.size === 0 ? jsonOf(trimmed) : null) ?? JSON.stringify(text);
}

function numberOf(text: string): string | null {
  if (INTEGER.test(text)) return integerText(text);
  if (!NUMBER.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? floatText(value) : null;
}

/** As `json.dumps(int(text))` writes it, in time that grows with its length and no faster. */
function integerText(text: string): string {
  const digits = text.replace(/^[-+]?0*(?=\d)/, '');
  return text.startsWith('-') && digits !== '0' ? `-${digits}` : digits;
}
