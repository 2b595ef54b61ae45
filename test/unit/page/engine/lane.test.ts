import t from 'tap';

import type { StepBar } from '../../../../src/api/ws/watch/types.js';
import { layLane, spanOf } from '../../../../src/page/engine/lane.js';

const bar = (start: number, ms: number): StepBar => ({ step: 1, kind: 'decode', start, ms });

t.test('a lane reaches back as far as its bars, in whole steps', (t) => {
  t.same(spanOf([], 10_000), { from: 9500, to: 10_000 });
  t.same(spanOf([bar(9300, 5)], 10_000), { from: 9000, to: 10_000 });
  t.same(spanOf([bar(0, 5)], 100_000), { from: 90_000, to: 100_000 });
  t.end();
});

t.test('bars lie where they were, cut at the ends', (t) => {
  const steps = { 1: bar(-10, 20), 2: bar(50, 25), 3: bar(95, 20), 4: bar(-50, 20), 5: bar(60, 0) };
  const laid = layLane(steps, { from: 0, to: 100 }, 0.01);
  t.same(
    laid.map(({ key, x, width }) => [key, x, width]),
    [
      ['1', 0, 0.1],
      ['2', 0.5, 0.25],
      ['3', 0.95, 0.05],
      ['5', 0.6, 0.01],
    ],
  );
  t.end();
});
