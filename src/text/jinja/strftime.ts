/** C's `strftime` in English, as Python's `datetime.strftime` has it on Linux. */
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const MS_PER_DAY = 86_400_000;

type Part = (now: Date) => string;

const padded = (value: number, width = 2, fill = '0'): string =>
  String(value).padStart(width, fill);
const hour12 = (now: Date): number => now.getHours() % 12 || 12;
const short = (name: string | undefined): string => (name ?? '').slice(0, 3);

/** 1 on the first of January. */
function dayOfYear(now: Date): number {
  const day = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  return Math.round((day - Date.UTC(now.getFullYear(), 0, 1)) / MS_PER_DAY) + 1;
}

/** Week of the year, weeks beginning on this day; the days before the first are week 0. */
function weekOfYear(now: Date, firstDay: number): number {
  const day = (now.getDay() - firstDay + 7) % 7;
  return Math.floor((dayOfYear(now) - 1 - day + 7) / 7);
}

/** ISO 8601: week 1 has the year's first Thursday. */
function isoWeek(now: Date): { readonly year: number; readonly week: number } {
  const day = (now.getDay() + 6) % 7;
  const thursday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - day + 3);
  return { year: thursday.getFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

const PARTS: Readonly<Record<string, Part>> = {
  a: (now) => short(DAYS[now.getDay()]),
  A: (now) => DAYS[now.getDay()] ?? '',
  b: (now) => short(MONTHS[now.getMonth()]),
  B: (now) => MONTHS[now.getMonth()] ?? '',
  c: (now) => strftime('%a %b %e %H:%M:%S %Y', now),
  C: (now) => padded(Math.floor(now.getFullYear() / 100)),
  d: (now) => padded(now.getDate()),
  D: (now) => strftime('%m/%d/%y', now),
  e: (now) => padded(now.getDate(), 2, ' '),
  f: (now) => padded(now.getMilliseconds() * 1000, 6),
  F: (now) => strftime('%Y-%m-%d', now),
  g: (now) => padded(isoWeek(now).year % 100),
  G: (now) => String(isoWeek(now).year),
  h: (now) => short(MONTHS[now.getMonth()]),
  H: (now) => padded(now.getHours()),
  I: (now) => padded(hour12(now)),
  j: (now) => padded(dayOfYear(now), 3),
  k: (now) => padded(now.getHours(), 2, ' '),
  l: (now) => padded(hour12(now), 2, ' '),
  m: (now) => padded(now.getMonth() + 1),
  M: (now) => padded(now.getMinutes()),
  n: () => '\n',
  p: (now) => (now.getHours() < 12 ? 'AM' : 'PM'),
  P: (now) => (now.getHours() < 12 ? 'am' : 'pm'),
  r: (now) => strftime('%I:%M:%S %p', now),
  R: (now) => strftime('%H:%M', now),
  s: (now) => String(Math.floor(now.getTime() / 1000)),
  S: (now) => padded(now.getSeconds()),
  t: () => '\t',
  T: (now) => strftime('%H:%M:%S', now),
  u: (now) => String(now.getDay() || 7),
  U: (now) => padded(weekOfYear(now, 0)),
  V: (now) => padded(isoWeek(now).week),
  w: (now) => String(now.getDay()),
  W: (now) => padded(weekOfYear(now, 1)),
  x: (now) => strftime('%m/%d/%y', now),
  X: (now) => strftime('%H:%M:%S', now),
  y: (now) => padded(now.getFullYear() % 100),
  Y: (now) => String(now.getFullYear()),
  // A date without a zone has neither offset nor name.
  z: () => '',
  Z: () => '',
  '%': () => '%',
};

/** glibc's flags: `-` no padding, `_` spaces, `0` zeros, `^` upper case, `#` the other case; then a width. */
const DIRECTIVE = /%([-_0^#]*)(\d*)[EO]?([^])/gu;
const MAX_WIDTH = 1024;

export function strftime(format: string, now: Date): string {
  return format.replaceAll(
    DIRECTIVE,
    (all: string, flags: string, width: string, letter: string) => {
      const part = Object.hasOwn(PARTS, letter) ? PARTS[letter] : undefined;
      return part === undefined ? all : flagged(part(now), letter, flags, Number(width));
    },
  );
}

function flagged(text: string, letter: string, flags: string, width: number): string {
  const isNumber = /^[ \d]+$/.test(text);
  const columns = Math.min(width, MAX_WIDTH);
  const bare = isNumber ? text.replace(/^[ 0]+(?=\d)/, '') : text;
  const isUpper = flags.includes('^') && letter !== 'P';
  const isOther = flags.includes('#') && 'aAbBhp'.includes(letter);
  const cased = isOther ? otherCase(bare) : isUpper ? bare.toUpperCase() : bare;
  if (flags.includes('-')) return cased;
  const fill = flags.includes('_')
    ? ' '
    : flags.includes('0') || (isNumber && !text.startsWith(' '))
      ? '0'
      : ' ';
  return cased.padStart(Math.max(columns, isNumber ? text.length : 0), fill);
}

function otherCase(text: string): string {
  return text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();
}
