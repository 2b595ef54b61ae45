import { useState } from 'preact/hooks';

import type { DeviceState, StepBar } from '../../api/ws/watch/types.js';
import { counted, digits, duration } from '../shared/format.js';
import { layLane, type LaneSpan } from './lane.js';

const KINDS = ['load', 'prefill', 'decode', 'store'] as const;
const NARROWEST = 1 / 800;
const WIDTH = 1000;
const HEIGHT = 44;

interface LaneProps {
  readonly name: string;
  readonly device: DeviceState;
  /** The same for all lanes. */
  readonly span: LaneSpan;
}

/** The steps of one device, as its own clock has them. */
export function Lane({ name, device, span }: LaneProps) {
  const [shown, show] = useState<StepBar | null>(null);
  const bars = Object.values(device.steps);
  return (
    <figure class="lane">
      <figcaption>
        <span>
          Device {device.rank}
          {device.generation !== undefined && `, generation ${device.generation}`}
          {device.state !== 'serving' && ` (${device.state})`}
        </span>
        <span class="hint">{duration(span.to - span.from)}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Steps of device ${name}: ${busyPart(bars, span)} % of the time busy`}
      >
        {layLane(device.steps, span, NARROWEST).map(({ key, bar, x, width }) => (
          <rect
            key={key}
            class={`bar ${bar.kind}`}
            x={x * WIDTH}
            width={width * WIDTH}
            y={0}
            height={HEIGHT}
            onPointerEnter={() => {
              show(bar);
            }}
          />
        ))}
      </svg>
      <p class="lane-note">{shown === null ? ' ' : sentenceOf(shown)}</p>
    </figure>
  );
}

export function LaneLegend() {
  return (
    <p class="legend">
      {KINDS.map((kind) => (
        <span key={kind}>
          <span class={`swatch bar-${kind}`} aria-hidden="true" />
          {kind}
        </span>
      ))}
    </p>
  );
}

function busyPart(bars: readonly StepBar[], { from, to }: LaneSpan): number {
  const busy = bars.reduce((sum, { start, ms }) => sum + (start >= from ? ms : 0), 0);
  return Math.min(100, Math.round((100 * busy) / (to - from)));
}

function sentenceOf({ step, kind, ms, rows, requests }: StepBar): string {
  const what = { load: 'cached token', prefill: 'prompt token', decode: 'request', store: 'row' }[
    kind
  ];
  const size = rows === undefined ? '' : `, ${counted(rows, what)}`;
  const whose = requests?.map(({ rid, rows: own }) => `${rid.slice(0, 8)} ${own}`).join(', ') ?? '';
  return `Step ${step}: ${kind}, ${digits(ms)} ms${size}${whose === '' ? '' : ` (${whose})`}`;
}
