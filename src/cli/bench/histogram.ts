const WIDTH = 40;
const NUM_BINS = 10;
/** Eighths of a block. */
const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

interface Bin {
  readonly from: number;
  /** Above it nothing counts here; Infinity in the last bin where there are outliers. */
  readonly to: number;
  readonly count: number;
}

/**
 * How measurements spread, as lines: ten equal bins from the least to the 99th percentile, and one for what is beyond.
 * @param isUtf8 with block characters, or ASCII
 */
export function histogram(values: readonly number[], isUtf8: boolean): readonly string[] {
  const bins = binsOf(values);
  const most = Math.max(...bins.map(({ count }) => count), 1);
  const digits = (bins.at(-1)?.from ?? 0) < 10 ? 2 : 1;
  const shown = (value: number): string => value.toFixed(digits).padStart(9);
  return bins.map(({ from, to, count }) => {
    const range =
      to === Infinity ? `${shown(from)} ...          ` : `${shown(from)} - ${shown(to)} `;
    return `${range} ${bar((WIDTH * count) / most, isUtf8)} ${count}`;
  });
}

function binsOf(values: readonly number[]): readonly Bin[] {
  const sorted = Float64Array.from(values).sort();
  const least = sorted[0];
  if (least === undefined) return [];
  const most = sorted.at(-1) ?? least;
  const beyond = sorted[Math.ceil(0.99 * (sorted.length - 1))] ?? most;
  const width = (beyond - least) / NUM_BINS;
  if (width === 0) return [{ from: least, to: most, count: sorted.length }];
  const counts = new Array<number>(NUM_BINS).fill(0);
  let numBeyond = 0;
  for (const value of sorted) {
    const place = Math.min(Math.floor((value - least) / width), NUM_BINS - 1);
    if (value > beyond) numBeyond += 1;
    else counts[place] = (counts[place] ?? 0) + 1;
  }
  const bins = counts.map((count, i) => ({
    from: least + i * width,
    to: least + (i + 1) * width,
    count,
  }));
  return numBeyond === 0 ? bins : [...bins, { from: beyond, to: Infinity, count: numBeyond }];
}

function bar(length: number, isUtf8: boolean): string {
  if (!isUtf8) return '#'.repeat(Math.round(length));
  const eighths = Math.round(8 * length);
  return '█'.repeat(Math.floor(eighths / 8)) + (BLOCKS[eighths % 8] ?? '');
}
