import { useState } from 'preact/hooks';

import { counted, percent } from '../shared/format.js';
import { shadeOf } from './imbalance.js';

export const NUM_SHADES = 9;

interface HeatMapProps {
  readonly layers: readonly (readonly [layer: number, counts: readonly number[]])[];
}

interface Cell {
  readonly layer: number;
  readonly expert: number;
  readonly count: number;
  readonly total: number;
}

/** Layers from top to bottom, experts from left to right; in numbers it is the table below. */
export function HeatMap({ layers }: HeatMapProps) {
  const [cell, setCell] = useState<Cell | null>(null);
  const numExperts = Math.max(1, ...layers.map(([, counts]) => counts.length));
  return (
    <figure class="heat">
      <svg
        viewBox={`0 0 ${numExperts} ${Math.max(1, layers.length)}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`How often each of ${numExperts} experts was chosen in each of ${layers.length} layers`}
        style={{ height: `${Math.min(640, Math.max(160, layers.length * 24))}px` }}
        onPointerLeave={() => {
          setCell(null);
        }}
      >
        {layers.map(([layer, counts], row) => {
          const total = counts.reduce((sum, count) => sum + count, 0);
          return (
            <g key={layer}>
              {counts.map((count, expert) => (
                <rect
                  key={expert}
                  class={`heat${shadeOf(count, total, counts.length, NUM_SHADES)}`}
                  x={expert}
                  y={row}
                  width={1}
                  height={1}
                  onPointerEnter={() => {
                    setCell({ layer, expert, count, total });
                  }}
                />
              ))}
            </g>
          );
        })}
      </svg>
      <figcaption>
        {cell === null
          ? 'Experts from left to right, layers from top to bottom.'
          : sentenceOf(cell)}
      </figcaption>
    </figure>
  );
}

function sentenceOf({ layer, expert, count, total }: Cell): string {
  const share = total === 0 ? '' : `, ${percent(count / total)} of the layer`;
  return `Layer ${layer}, expert ${expert}: ${counted(count, 'token')}${share}`;
}
