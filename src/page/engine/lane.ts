import type { StepBar } from '../../api/ws/watch/types.js';

/** What a lane shows, in epoch milliseconds: [from, to). */
export interface LaneSpan {
  readonly from: number;
  readonly to: number;
}

export interface LaneBar {
  readonly key: string;
  readonly bar: StepBar;
  /** Of the lane's width, in [0, 1]. */
  readonly x: number;
  readonly width: number;
}

const SHORTEST_MS = 500;
const LONGEST_MS = 10_000;

/** As much time as its bars reach back, in whole steps, so that a lane does not breathe; `now` is at its end. */
export function spanOf(bars: readonly StepBar[], now: number): LaneSpan {
  const oldest = Math.min(now, ...bars.map(({ start }) => start));
  const needed = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, now - oldest));
  const ms = SPANS.find((span) => span >= needed) ?? LONGEST_MS;
  return { from: now - ms, to: now };
}

const SPANS = [500, 1000, 2000, 5000, LONGEST_MS] as const;

/** The bars that a span shows any of, cut at its ends; those of no width are as wide as can be seen. */
export function layLane(
  steps: Readonly<Record<string, StepBar>>,
  { from, to }: LaneSpan,
  narrowest: number,
): readonly LaneBar[] {
  const length = to - from;
  return Object.entries(steps).flatMap(([key, bar]) => {
    const start = Math.max(from, bar.start);
    const end = Math.min(to, bar.start + bar.ms);
    if (end < from || start > to) return [];
    const width = Math.max(narrowest, (end - start) / length);
    return [{ key, bar, x: (start - from) / length, width }];
  });
}
