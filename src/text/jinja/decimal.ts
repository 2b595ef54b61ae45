/** A finite double's exact decimal digits: its absolute value is `0.digits × 10^point`. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

function exactDecimal(value: number): Decimal {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const power = (biased === 0 ? 1 : biased) - 1075;
  if (power >= 0) {
    const digits = String(mantissa << BigInt(power));
    return { digits, point: digits.length };
  }
  const digits = String(mantissa * 5n ** BigInt(-power));
  return { digits, point: digits.length + power };
}

/** `digits` up to `count` of them, the last rounded half to even; one more digit when it carries over. */
function roundDigits(digits: string, count: number): string {
  if (count >= digits.length) return digits + '0'.repeat(count - digits.length);
  if (count < 0) return '0';
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const isOdd = Number(kept.at(-1) ?? '0') % 2 === 1;
  if (rest < half || (rest === half && !isOdd)) return kept === '' ? '0' : kept;
  return String(BigInt(kept === '' ? '0' : kept) + 1n).padStart(count, '0');
}

/** A finite value with `places` digits behind the point (before it if negative), rounded half to even. */
export function toFixed(value: number, places: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const { digits, point } = exactDecimal(value);
  const count = point + places;
  const rounded = count < 0 ? '0' : roundDigits(digits, count);
  if (places <= 0) return sign + (rounded + '0'.repeat(-places)).replace(/^0+(?=\d)/, '');
  const padded = rounded.padStart(places + 1, '0');
  return `${sign}${padded.slice(0, -places).replace(/^0+(?=\d)/, '')}.${padded.slice(-places)}`;
}

/** `places + 1` significant digits and an exponent of ten, as `%e` writes them. */
export function toExponential(value: number, places: number): string {
  const { mantissa, exponent } = significant(value, places + 1);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const text = places === 0 ? mantissa : `${mantissa.slice(0, 1)}.${mantissa.slice(1)}`;
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}${text}e${exponent < 0 ? '-' : '+'}${power}`;
}

/** `%g`: `precision` significant digits, with an exponent where that is shorter. */
export function toGeneral(value: number, precision: number, keepsZeros: boolean): string {
  const digits = Math.max(precision, 1);
  const { exponent } = significant(value, digits);
  const isScientific = exponent < -4 || exponent >= digits;
  const text = isScientific
    ? toExponential(value, digits - 1)
    : toFixed(value, digits - 1 - exponent);
  if (keepsZeros || !text.includes('.')) return text;
  const [mantissa = '', power] = text.split('e');
  return mantissa.replace(/\.?0+$/, '') + (power === undefined ? '' : `e${power}`);
}

function significant(value: number, count: number): { mantissa: string; exponent: number } {
  if (value === 0) return { mantissa: '0'.repeat(count), exponent: 0 };
  const { digits, point } = exactDecimal(value);
  const rounded = roundDigits(digits, count);
  const isCarried = rounded.length > count;
  return { mantissa: rounded.slice(0, count), exponent: point - 1 + (isCarried ? 1 : 0) };
}
