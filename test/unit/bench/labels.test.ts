import t from 'tap';

import { overlap, placeLabels } from '../../bench/quality/page/draw/labels.js';
import { seededRandom } from '../../../src/core/clock.js';

const BOUNDS = { left: 0, top: 0, right: 280, bottom: 350 };
const around = { bounds: BOUNDS, lines: [] };

function sharedPixels(boxes: ReturnType<typeof placeLabels>): number {
  return boxes.reduce(
    (sum, box, i) => boxes.slice(i + 1).reduce((more, other) => more + overlap(box, other), sum),
    0,
  );
}

t.test('a lone label is to the right of its point, or to the left at the edge', (t) => {
  const [middle] = placeLabels([{ x: 100, y: 100, text: 'Q8_0' }], around);
  t.ok((middle?.left ?? 0) > 100);
  const [edge] = placeLabels([{ x: 270, y: 100, text: 'Q8_0' }], around);
  t.ok((edge?.right ?? 999) < 270);
  t.end();
});

t.test('points on one another have labels that are not', (t) => {
  const texts = ['IQ4_NL', 'IQ4_XS', 'Q4_0', 'w8a8_int8', 'w8a8_int8, fp32 KV'];
  const points = texts.map((text, i) => ({ x: 150 + i, y: 200 + i, text }));
  const placed = placeLabels(points, around);
  t.equal(sharedPixels(placed), 0);
  for (const box of placed)
    t.equal(overlap(box, { left: 144, right: 160, top: 194, bottom: 210 }), 0);
  t.end();
});

t.test('a label goes round a line where it can', (t) => {
  const line = { left: 100, right: 280, top: 99, bottom: 101 };
  const points = [{ x: 100, y: 100, text: 'Q8_0' }];
  const [free] = placeLabels(points, { bounds: BOUNDS, lines: [line] });
  t.equal(free === undefined ? -1 : overlap(free, line), 0);
  t.end();
});

t.test('labels of many scattered points are inside, and over no other', (t) => {
  const random = seededRandom(3);
  for (let round = 0; round < 20; round++) {
    const points = Array.from({ length: 15 }, (_, i) => ({
      x: 280 * random(),
      y: 350 * random(),
      text: `Q${i}_K_M`,
    }));
    const placed = placeLabels(points, around);
    t.equal(sharedPixels(placed), 0, `round ${round}`);
    for (const { left, top, right, bottom } of placed) {
      t.ok(left >= 0 && top >= 0 && right <= BOUNDS.right && bottom <= BOUNDS.bottom);
    }
  }
  t.end();
});
