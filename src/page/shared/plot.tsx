import { short } from './format.js';
import { areaPath, linePath, niceTop, type PlotPoint } from './plot-path.js';

export interface Series {
  readonly name: string;
  /** Of the style sheet: `a`, `b`, `c`. */
  readonly tone: 'a' | 'b' | 'c';
  readonly points: readonly PlotPoint[];
}

interface PlotProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly now: number;
  readonly spanMs: number;
  /** Left out = as high as the values. */
  readonly top?: number;
  readonly format?: (value: number) => string;
}

const WIDTH = 600;
const HEIGHT = 120;

/** Lines over the last so many seconds. */
export function Plot({ title, series, now, spanMs, top, format = short }: PlotProps) {
  const from = now - spanMs;
  const shown = series.map((one) => ({
    ...one,
    points: one.points.filter(({ at }) => at >= from),
  }));
  const highest = Math.max(0, ...shown.flatMap(({ points }) => points.map(({ value }) => value)));
  const frame = { width: WIDTH, height: HEIGHT, from, to: now, top: top ?? niceTop(highest) };
  return (
    <figure class="plot">
      <figcaption>
        {title}
        <span class="legend">
          {shown.map(({ name, tone, points }) => (
            <span key={name}>
              <span class={`swatch tone-${tone}`} aria-hidden="true" />
              {name} <b>{format(points.at(-1)?.value ?? 0)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div class="plot-frame">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <line class="grid" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
          {shown.map(({ name, tone, points }) => (
            <g key={name} class={`tone-${tone}`}>
              <path class="area" d={areaPath(points, frame)} />
              <path class="line" d={linePath(points, frame)} />
            </g>
          ))}
        </svg>
        <span class="plot-top">{format(frame.top)}</span>
        <span class="plot-from">{Math.round(spanMs / 1000)} s ago</span>
      </div>
    </figure>
  );
}
