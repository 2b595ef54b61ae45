import { median } from '../../../lib/report.js';
import type { Point, Results, Speed } from '../results.js';
import { LABEL_PX, type Box } from './labels.js';
import { ticks } from './log-scale.js';
import { klAxis, panel, type KlAxis, type Timed } from './panel.js';
import { element, escaped, label } from './svg.js';

const WIDTH = 960;
const HEIGHT = 556;
/** Of the panels' frames. */
const [TOP, BOTTOM, LEFT, RIGHT, GAP] = [104, 452, 76, 946, 22];

const PANELS: readonly {
  readonly title: string;
  readonly roundsOf: (speed: Speed) => readonly number[];
}[] = [
  { title: 'Decode, 1 request', roundsOf: ({ decode1 }) => decode1 },
  { title: 'Decode, 8 requests', roundsOf: ({ decode8 }) => decode8 },
  { title: 'Prefill, 512 tokens', roundsOf: ({ prefill }) => prefill },
];

interface Palette {
  readonly back: string;
  readonly ink: string;
  readonly dim: string;
  readonly line: string;
  readonly radish: string;
  readonly llama: string;
}

const LIGHT: Palette = {
  back: '#ffffff',
  ink: '#1f2328',
  dim: '#59636e',
  line: '#d8dee4',
  radish: '#c2255c',
  llama: '#1c6fb8',
};
const DARK: Palette = {
  back: '#0d1117',
  ink: '#e6edf3',
  dim: '#9198a1',
  line: '#2b323b',
  radish: '#ff7aa8',
  llama: '#6cb6ff',
};

/** Not by variables, which many programs that show pictures do not know. */
function colours({ back, ink, dim, line, radish, llama }: Palette): string {
  return `
text { fill: ${ink}; }
.note, .tick, .axis { fill: ${dim}; }
.name { stroke: ${back}; }
.back { fill: ${back}; }
.frame, .grid { stroke: ${line}; }
.strip, .leader, .frontier { stroke: ${dim}; }
.radish { fill: ${radish}; stroke: ${radish}; }
.llama { fill: ${llama}; stroke: ${llama}; }
.behind { fill: ${back}; }`;
}

/** The reader's system says whether it is dark. */
const STYLE = `
text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
.title { font-size: 19px; font-weight: 600; }
.note, .tick, .axis { font-size: 11.5px; }
.heading { font-size: 13px; font-weight: 600; }
.name { font-size: ${LABEL_PX}px; paint-order: stroke; stroke-width: 3px; stroke-linejoin: round; }
.frame, .frontier { fill: none; }
.grid { stroke-width: 0.6; }
.strip, .leader { stroke-width: 0.8; }
.strip { stroke-dasharray: 2 3; }
.frontier { stroke-width: 1.2; stroke-dasharray: 5 4; }
.radish, .llama { stroke-width: 2; }
${colours(LIGHT)}
@media (prefers-color-scheme: dark) {${colours(DARK)}
}
`;

/** The picture of the page: an SVG of its own, readable on light and on dark. */
export function renderChart(results: Results): string {
  const timed = results.points.filter(({ speed }) => speed !== null);
  const frames = framesOf(PANELS.length);
  const [first = EMPTY] = frames;
  const axis = klAxis(
    timed.map(({ quality }) => quality.kl),
    first,
  );
  const panels = PANELS.map(({ title, roundsOf }, i) =>
    panel(
      title,
      timed.flatMap((point) => timedAt(point, roundsOf)),
      frames[i] ?? EMPTY,
      axis,
    ),
  );
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      role: 'img',
      'aria-labelledby': 'title desc',
    },
    [
      element('title', { id: 'title' }, escaped(`${HEADLINE}: ${results.model}`)),
      element('desc', { id: 'desc' }, escaped(description(timed))),
      element('style', {}, STYLE),
      element('rect', { class: 'back', width: WIDTH, height: HEIGHT, rx: 8 }),
      label({ class: 'title', x: 24, y: 38 }, HEADLINE),
      label({ class: 'note', x: 24, y: 60 }, subtitle(results)),
      ...legend(),
      ...klLabels(axis, first),
      ...panels,
      label(
        { class: 'axis', x: (LEFT + RIGHT) / 2, y: BOTTOM + 38, 'text-anchor': 'middle' },
        'tokens per second, logarithmic →',
      ),
      ...caption(results).map((line, i) =>
        label({ class: 'note', x: 24, y: BOTTOM + 66 + 17 * i }, line),
      ),
    ],
  )}\n`;
}

const HEADLINE = 'What each number format costs, and how fast it is';
const EMPTY: Box = { left: 0, top: 0, right: 0, bottom: 0 };

function framesOf(count: number): Box[] {
  const width = (RIGHT - LEFT - GAP * (count - 1)) / count;
  return Array.from({ length: count }, (_, i) => {
    const left = LEFT + i * (width + GAP);
    return { left, right: left + width, top: TOP, bottom: BOTTOM };
  });
}

function timedAt(point: Point, roundsOf: (speed: Speed) => readonly number[]): Timed[] {
  if (point.speed === null) return [];
  return [{ point, kl: point.quality.kl, speed: median(roundsOf(point.speed)) }];
}

function klLabels({ scale, stripY }: KlAxis, { left, top, bottom }: Box): string[] {
  const tick = (y: number, text: string) =>
    label({ class: 'tick', x: left - 7, y: y + 4, 'text-anchor': 'end' }, text);
  const middle = (top + bottom) / 2;
  return [
    tick(stripY, 'exact'),
    ...ticks(scale).map((kl) => tick(scale.place(kl), String(kl))),
    label(
      { class: 'axis', transform: `translate(26 ${middle}) rotate(-90)`, 'text-anchor': 'middle' },
      'KL to float32, nats per token, logarithmic: closer →',
    ),
  ];
}

function legend(): string[] {
  const y = 34;
  return [
    element('circle', { class: 'radish', cx: 700, cy: y - 4, r: 5 }),
    label({ class: 'name', x: 711, y }, 'Radish'),
    element('rect', { class: 'llama', x: 761, y: y - 8.5, width: 9, height: 9 }),
    label({ class: 'name', x: 776, y }, 'llama.cpp'),
    element('circle', { class: 'radish behind', cx: 700, cy: y + 16, r: 5 }),
    element('rect', { class: 'llama behind', x: 711, y: y + 11.5, width: 9, height: 9 }),
    label({ class: 'name', x: 727, y: y + 20 }, 'another one is as fast and closer'),
  ];
}

function subtitle({ model, setting, machine }: Results): string {
  const { cores, cpu, isa } = machine;
  const known = isa.toUpperCase().replace('AVX512_', 'AVX-512 ');
  return (
    `${model}, ${setting.threads} threads on ${cores} cores of ${cpu}, ${known}. ` +
    'Up and to the right is better.'
  );
}

function caption({ setting, points }: Results): string[] {
  const dates = points.flatMap(({ speed }) => speed?.date ?? []).toSorted();
  const rounds = points.flatMap(({ speed }) => speed?.prefill.length ?? []);
  const rows = setting.rows.toLocaleString('en-US');
  return [
    `KL: each engine's next-token distributions against its own float32, ${rows} positions of English prose; ` +
      'the weights in a random orthogonal basis.',
    `Speed: whole servers over HTTP in turn, medians of ${shownRounds(rounds)} rounds; ` +
      `llama.cpp of ${setting.llamaCpp}. Measured until ${dates.at(-1) ?? 'never'}.`,
  ];
}

function shownRounds(rounds: readonly number[]): string {
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  return least === most ? String(least) : `${least} to ${most}`;
}

function description(points: readonly Point[]): string {
  const said = points.map(({ id, engine, quality, speed }) => {
    const speeds = PANELS.map(({ roundsOf }) =>
      speed === null ? '' : median(roundsOf(speed)).toFixed(0),
    );
    return `${engine} ${id}: KL ${quality.kl.toPrecision(2)}, ${speeds.join(', ')} tokens per second`;
  });
  return (
    'Three scatter plots of the KL divergence to float32 against tokens per second: one request decoding, ' +
    `eight requests decoding, and prefill. ${said.join('; ')}.`
  );
}
