/** Numbers to places along an axis, by their logarithm. */
export interface LogScale {
  readonly from: number;
  readonly to: number;
  place(value: number): number;
}

type Pair = readonly [number, number];

/** From the first number of the domain at `start` to the second at `end`. */
export function logScale([from, to]: Pair, [start, end]: Pair): LogScale {
  const length = Math.log(to / from);
  return { from, to, place: (value) => start + ((end - start) * Math.log(value / from)) / length };
}

/** The range of all values with air around them: a share of its length on each side. */
export function airyDomain(values: readonly number[], air: number): Pair {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // All values may be one.
  const factor = Math.max(1.1, (most / least) ** air);
  return [least / factor, most * factor];
}

/** From few to many; the first that gives enough is taken. */
const DIGITS = [
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
];
const ENOUGH = 3;

/** Round numbers within a scale, rising. */
export function ticks({ from, to }: Pick<LogScale, 'from' | 'to'>): number[] {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const choices = DIGITS.map((digits) =>
    powers
      // As text: 5 * 10 ** -3 is not 0.005.
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((value) => value >= from && value <= to),
  );
  return choices.find(({ length }) => length >= ENOUGH) ?? choices.at(-1) ?? [];
}
