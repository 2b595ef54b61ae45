/** Numbers between two bounds, digit by digit. */
import { charsOf } from '../chars.js';
import {
  IMPOSSIBLE,
  alt,
  cat,
  chars,
  NOTHING,
  optional,
  repeat,
  text,
  type Expr,
} from '../expr.js';

/** Digits before and behind the point where nothing bounds them: all such numbers are finite, and most exact. */
const MAX_DIGITS = 15;
const MAX_BOUNDED_FRACTION = 9;

const DIGIT = digits(0, 9);

/** `integer` without bounds. */
export const INTEGER: Expr = cat(
  optional(text('-')),
  alt(text('0'), cat(digits(1, 9), repeat(DIGIT, 0, MAX_DIGITS - 1))),
);

/** `number` without bounds. */
export const NUMBER: Expr = cat(
  INTEGER,
  optional(cat(text('.'), repeat(DIGIT, 1, MAX_DIGITS))),
  optional(
    cat(alt(text('e'), text('E')), optional(alt(text('+'), text('-'))), repeat(DIGIT, 1, 2)),
  ),
);

/** Whole numbers of `[low, high]`, both safe integers. */
export function integersBetween(low: number, high: number): Expr {
  const items: Expr[] = [];
  if (low < 0) items.push(cat(text('-'), naturals(Math.max(1, -high), -low)));
  if (high >= 0) items.push(naturals(Math.max(0, low), high));
  return { kind: 'alt', items };
}

/** Whole numbers of `[low, high]`, not negative. */
function naturals(low: number, high: number): Expr {
  const items: Expr[] = [];
  for (let length = String(low).length; length <= String(high).length; length++) {
    const least = Math.max(low, length === 1 ? 0 : 10 ** (length - 1));
    const most = Math.min(high, 10 ** length - 1);
    if (least <= most) items.push(sameLength(String(least), String(most)));
  }
  return { kind: 'alt', items };
}

function sameLength(low: string, high: string): Expr {
  const [a, b] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (low.length === 0) return NOTHING;
  if (/^0*$/.test(lowRest) && /^9*$/.test(highRest)) {
    return cat(digits(a, b), repeat(DIGIT, lowRest.length, lowRest.length));
  }
  if (a === b) return cat(digits(a, a), sameLength(lowRest, highRest));
  const items = [
    cat(digits(a, a), sameLength(lowRest, '9'.repeat(lowRest.length))),
    cat(digits(b, b), sameLength('0'.repeat(highRest.length), highRest)),
  ];
  if (a + 1 < b) {
    items.push(cat(digits(a + 1, b - 1), repeat(DIGIT, lowRest.length, lowRest.length)));
  }
  return alt(...items);
}

export interface Bound {
  readonly value: number;
  readonly isStrict: boolean;
}

/** Decimal numbers between two bounds, without exponents. Bounds are at most 10^15. */
export function numbersBetween(low: Bound, high: Bound): Expr {
  const items: Expr[] = [];
  if (low.value < 0) {
    const from =
      high.value < 0 ? mirrored(high) : { value: 0, isStrict: high.value === 0 && high.isStrict };
    items.push(cat(text('-'), positives(from, mirrored(low))));
  }
  if (high.value >= 0) {
    items.push(positives(low.value >= 0 ? low : { value: 0, isStrict: false }, high));
  }
  return { kind: 'alt', items };
}

function mirrored({ value, isStrict }: Bound): Bound {
  return { value: -value, isStrict };
}

/** Both bounds are zero or more. */
function positives(low: Bound, high: Bound): Expr {
  const [lowWhole, lowDigits] = decimal(low.value);
  const [highWhole, highDigits] = decimal(high.value);
  const left = Math.max(0, Math.min(MAX_BOUNDED_FRACTION, MAX_DIGITS - String(highWhole).length));
  const lowRest = { digits: lowDigits, isStrict: low.isStrict };
  const highRest = { digits: highDigits, isStrict: high.isStrict };
  const whole = (value: number, fraction: Expr): Expr => cat(text(String(value)), fraction);
  if (lowWhole > highWhole) return IMPOSSIBLE;
  if (lowWhole === highWhole) return whole(lowWhole, fractions(lowRest, highRest, left));
  const items = [
    whole(lowWhole, fractions(lowRest, null, left)),
    whole(highWhole, fractions(null, highRest, left)),
  ];
  if (lowWhole + 1 < highWhole) {
    items.push(cat(naturals(lowWhole + 1, highWhole - 1), fractions(null, null, left)));
  }
  return alt(...items);
}

/** The whole part, and the digits behind the point. */
function decimal(value: number): readonly [number, string] {
  const options = { useGrouping: false, maximumFractionDigits: 20 } as const;
  const [whole = '0', fraction = ''] = value.toLocaleString('en-US', options).split('.');
  return [Number(whole), fraction];
}

interface Fraction {
  readonly digits: string;
  readonly isStrict: boolean;
}

/** What may stand behind a whole part: nothing, or a point and digits. */
function fractions(low: Fraction | null, high: Fraction | null, left: number): Expr {
  const size = Math.max(left, low?.digits.length ?? 0, high?.digits.length ?? 0) + 1;
  const some = cat(text('.'), digitsBetween(low, high, size, false));
  return canEnd(low, high) ? optional(some) : some;
}

/** @param mayEnd digits may end here already */
function digitsBetween(
  low: Fraction | null,
  high: Fraction | null,
  left: number,
  mayEnd: boolean,
): Expr {
  if (low === null && high === null) return repeat(DIGIT, mayEnd ? 0 : 1, Math.max(1, left));
  const items: Expr[] = mayEnd && canEnd(low, high) ? [NOTHING] : [];
  if (left > 0) {
    const from = Number(low?.digits[0] ?? 0);
    const to = high === null ? 9 : Number(high.digits[0] ?? 0);
    for (let digit = from; digit <= to; digit++) {
      const rest = digitsBetween(
        restOf(low, digit, from),
        high === null || digit < to ? null : restOf(high, digit, to),
        left - 1,
        true,
      );
      items.push(cat(digits(digit, digit), rest));
    }
  }
  return { kind: 'alt', items };
}

/** What a bound still says behind a digit; null = nothing any more. */
function restOf(bound: Fraction | null, digit: number, edge: number): Fraction | null {
  return bound === null || digit !== edge ? null : { ...bound, digits: bound.digits.slice(1) };
}

function canEnd(low: Fraction | null, high: Fraction | null): boolean {
  const isLowMet = low === null || (/^0*$/.test(low.digits) && !low.isStrict);
  const isHighMet = high === null || /[1-9]/.test(high.digits) || !high.isStrict;
  return isLowMet && isHighMet;
}

function digits(low: number, high: number): Expr {
  return chars(charsOf([[0x30 + low, 0x30 + high]]));
}
