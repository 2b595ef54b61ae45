/** A point of a plot: when, and how much. */
export interface PlotPoint {
  readonly at: number;
  readonly value: number;
}

export interface PlotFrame {
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  /** Greatest value that fits. */
  readonly top: number;
}

/** The line through points in the order of time, as an SVG path. */
export function linePath(points: readonly PlotPoint[], frame: PlotFrame): string {
  return points
    .map((point, index) => {
      const [x, y] = placeOf(point, frame);
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

/** The same, filled down to nothing. */
export function areaPath(points: readonly PlotPoint[], frame: PlotFrame): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return '';
  const [left] = placeOf(first, frame);
  const [right] = placeOf(last, frame);
  const base = frame.height.toFixed(1);
  return `${linePath(points, frame)}L${right.toFixed(1)} ${base}L${left.toFixed(1)} ${base}Z`;
}

/** The next of 1, 2, 5, 10, 20, … */
export function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

function placeOf(
  { at, value }: PlotPoint,
  { width, height, from, to, top }: PlotFrame,
): [number, number] {
  const x = to === from ? width : ((at - from) / (to - from)) * width;
  const y = height - Math.min(1, value / top) * height;
  return [x, y];
}
