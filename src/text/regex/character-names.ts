/** Unicode names of ASCII's punctuation, digits and spaces; Node has no table of names. */
const NAMES =
  'SPACE|EXCLAMATION MARK|QUOTATION MARK|NUMBER SIGN|DOLLAR SIGN|PERCENT SIGN|AMPERSAND|APOSTROPHE|' +
  'LEFT PARENTHESIS|RIGHT PARENTHESIS|ASTERISK|PLUS SIGN|COMMA|HYPHEN-MINUS|FULL STOP|SOLIDUS|DIGIT ZERO|' +
  'DIGIT ONE|DIGIT TWO|DIGIT THREE|DIGIT FOUR|DIGIT FIVE|DIGIT SIX|DIGIT SEVEN|DIGIT EIGHT|DIGIT NINE|COLON|' +
  'SEMICOLON|LESS-THAN SIGN|EQUALS SIGN|GREATER-THAN SIGN|QUESTION MARK|COMMERCIAL AT';
const LATER: Readonly<Record<string, number>> = {
  'LEFT SQUARE BRACKET': 0x5b,
  'REVERSE SOLIDUS': 0x5c,
  'RIGHT SQUARE BRACKET': 0x5d,
  'CIRCUMFLEX ACCENT': 0x5e,
  'LOW LINE': 0x5f,
  'GRAVE ACCENT': 0x60,
  'LEFT CURLY BRACKET': 0x7b,
  'VERTICAL LINE': 0x7c,
  'RIGHT CURLY BRACKET': 0x7d,
  TILDE: 0x7e,
  'NO-BREAK SPACE': 0xa0,
  'EN DASH': 0x2013,
  'EM DASH': 0x2014,
  'LEFT SINGLE QUOTATION MARK': 0x2018,
  'RIGHT SINGLE QUOTATION MARK': 0x2019,
  'LEFT DOUBLE QUOTATION MARK': 0x201c,
  'RIGHT DOUBLE QUOTATION MARK': 0x201d,
  BULLET: 0x2022,
  'HORIZONTAL ELLIPSIS': 0x2026,
  'EURO SIGN': 0x20ac,
};
const ASCII = NAMES.split('|');
const LATIN =
  /^LATIN (SMALL|CAPITAL) LETTER ([A-Z])(?: WITH (GRAVE|ACUTE|CIRCUMFLEX|TILDE|DIAERESIS|CEDILLA|CARON))?$/;
const MARKS: Readonly<Record<string, string>> = {
  GRAVE: '\u0300',
  ACUTE: '\u0301',
  CIRCUMFLEX: '\u0302',
  TILDE: '\u0303',
  DIAERESIS: '\u0308',
  CEDILLA: '\u0327',
  CARON: '\u030c',
};

/** The code point of a Unicode name, for the names above and Latin letters; null = unknown. */
export function characterNamed(given: string): number | null {
  const name = given.toUpperCase();
  const at = ASCII.indexOf(name);
  if (at >= 0) return 0x20 + at;
  if (Object.hasOwn(LATER, name)) return LATER[name] ?? null;
  const [, size, letter, mark] = LATIN.exec(name) ?? [];
  if (letter === undefined) return null;
  const bare = size === 'SMALL' ? letter.toLowerCase() : letter;
  const composed = (bare + (mark === undefined ? '' : (MARKS[mark] ?? ''))).normalize('NFC');
  return Array.from(composed).length === 1 ? (composed.codePointAt(0) ?? null) : null;
}
