import { nameOf } from '../formats.js';
import type { Point } from '../results.js';
import { frontier } from './frontier.js';
import { between, LABEL_PX, placeLabels, type Box, type Placed } from './labels.js';
import { airyDomain, logScale, ticks, type LogScale } from './log-scale.js';
import { element, label } from './svg.js';

/** A point of the page at one of its speeds. */
export interface Timed {
  readonly point: Point;
  readonly kl: number;
  readonly speed: number;
}

/** The vertical axis, which all panels share: a logarithmic one, and a strip above it for what is next to nothing. */
export interface KlAxis {
  readonly scale: LogScale;
  readonly stripY: number;
}

/** Below it formats are in the strip: some are exact, and nothing has no logarithm. */
export const KL_FLOOR = 1e-4;
/** The strip's height, and the air within the frame at its lower end. */
const STRIP = 30;
const RADIUS = 5;

export function klAxis(kls: readonly number[], { top, bottom }: Box): KlAxis {
  const domain = airyDomain(
    kls.filter((kl) => kl >= KL_FLOOR),
    0.06,
  );
  return { scale: logScale(domain, [top + STRIP, bottom]), stripY: top + STRIP / 2 };
}

/** Frame, grid, axis below, the frontier, markers and their names. */
export function panel(title: string, all: readonly Timed[], frame: Box, axis: KlAxis): string {
  const { left, right, top, bottom } = frame;
  const speeds = logScale(
    airyDomain(
      all.map(({ speed }) => speed),
      0.18,
    ),
    [left, right],
  );
  const marks = all.map((timed) => ({
    timed,
    x: speeds.place(timed.speed),
    y: timed.kl < KL_FLOOR ? axis.stripY : axis.scale.place(timed.kl),
    text: nameOf(timed.point.id),
  }));
  const best = frontier(all);
  const bestMarks = marks.filter(({ timed }) => best.includes(timed));
  const path = corners(bestMarks, frame);
  const placed = placeLabels(marks, { bounds: frame, lines: segments(path) });
  return element('g', {}, [
    label({ class: 'heading', x: (left + right) / 2, y: top - 10, 'text-anchor': 'middle' }, title),
    element('rect', { class: 'frame', x: left, y: top, width: right - left, height: bottom - top }),
    ...grid(frame, speeds, axis),
    frontierLine(path),
    ...marks.flatMap((mark, i) => leader(mark, placed[i])),
    ...marks.map((mark) => marker(mark, best.includes(mark.timed))),
    ...marks.map((mark, i) => nameTag(mark, placed[i])),
  ]);
}

function grid({ left, right, top, bottom }: Box, speeds: LogScale, axis: KlAxis): string[] {
  const lines = ticks(axis.scale).map((kl) => {
    const y = axis.scale.place(kl);
    return element('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y });
  });
  const floor = top + STRIP;
  const strip = element('line', { class: 'strip', x1: left, x2: right, y1: floor, y2: floor });
  const columns = ticks(speeds).flatMap((speed) => {
    const x = speeds.place(speed);
    const number = speed.toLocaleString('en-US');
    return [
      element('line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom }),
      label({ class: 'tick', x, y: bottom + 16, 'text-anchor': 'middle' }, number),
    ];
  });
  return [...lines, ...columns, strip];
}

interface Mark {
  readonly timed: Timed;
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

type Corner = readonly [number, number];

/** From the fastest up and to the left in steps: behind it everything is beaten by some point on it. */
function corners(best: readonly Mark[], { left, bottom }: Box): readonly Corner[] {
  const fastestFirst = best.toSorted((a, b) => b.x - a.x);
  const last = fastestFirst.at(-1);
  if (last === undefined) return [];
  const start: Corner = [fastestFirst[0]?.x ?? left, bottom];
  const steps = fastestFirst.flatMap(({ x, y }, i): Corner[] => [
    [x, fastestFirst[i - 1]?.y ?? bottom],
    [x, y],
  ]);
  return [start, ...steps, [left, last.y]];
}

function frontierLine(path: readonly Corner[]): string {
  const points = path.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return element('polyline', { class: 'frontier', points });
}

function segments(path: readonly Corner[]): Box[] {
  return path.slice(1).map(([x, y], i) => {
    const [x0, y0] = path[i] as Corner;
    const [left, right] = [Math.min(x0, x) - 1, Math.max(x0, x) + 1];
    return { left, right, top: Math.min(y0, y) - 1, bottom: Math.max(y0, y) + 1 };
  });
}

function marker({ timed, x, y }: Mark, isBest: boolean): string {
  const { engine } = timed.point;
  const name = `${engine === 'radish' ? 'radish' : 'llama'}${isBest ? '' : ' behind'}`;
  if (engine === 'radish') return element('circle', { class: name, cx: x, cy: y, r: RADIUS });
  const size = 2 * RADIUS - 1;
  return element('rect', {
    class: name,
    x: x - size / 2,
    y: y - size / 2,
    width: size,
    height: size,
  });
}

function leader({ x, y }: Mark, placed: Placed | undefined): string[] {
  if (placed?.isFar !== true) return [];
  const x2 = between(x, placed.left, placed.right);
  const y2 = between(y, placed.top, placed.bottom);
  return [element('line', { class: 'leader', x1: x, y1: y, x2, y2 })];
}

function nameTag({ x: markX, text }: Mark, placed: Placed | undefined): string {
  if (placed === undefined) return '';
  const { left, right, bottom } = placed;
  const [x, anchor] =
    left >= markX
      ? [left, 'start']
      : right <= markX
        ? [right, 'end']
        : [(left + right) / 2, 'middle'];
  // The font's descent lies below the line that letters stand on.
  return label({ class: 'name', x, y: bottom - LABEL_PX / 4, 'text-anchor': anchor }, text);
}
