import t from 'tap';

import { backoffMs } from '../../../../src/page/shared/backoff.js';
import { ago, counted, duration, percent, short } from '../../../../src/page/shared/format.js';
import { areaPath, linePath, niceTop } from '../../../../src/page/shared/plot-path.js';
import { hashOf, viewOf, VIEWS } from '../../../../src/page/shared/views.js';
import { sentenceIn } from '../../../../src/page/shared/failure.js';

t.test('numbers in three digits', (t) => {
  t.same([0, 12, 1234, 12_345, 1_234_567, 0.5].map(short), [
    '0',
    '12',
    '1.23k',
    '12.3k',
    '1.23M',
    '0.50',
  ]);
  t.same([0, 0.012, 0.5, 1].map(percent), ['0 %', '1.2 %', '50 %', '100 %']);
  t.end();
});

t.test('times in the unit that fits', (t) => {
  t.same([1.234, 999, 1234, 61_000, 3_700_000].map(duration), [
    '1.23 ms',
    '999 ms',
    '1.23 s',
    '1 min 1 s',
    '1 h 1 min',
  ]);
  t.same([-5, 1999, 61_000, 7_300_000].map(ago), ['0 s ago', '1 s ago', '1 min ago', '2 h ago']);
  t.same([counted(1, 'token'), counted(2000, 'token')], ['1 token', '2,000 tokens']);
  t.end();
});

t.test('a plot fits its frame', (t) => {
  const frame = { width: 100, height: 10, from: 0, to: 10, top: 4 };
  const points = [
    { at: 0, value: 0 },
    { at: 5, value: 2 },
    { at: 10, value: 9 },
  ];
  t.equal(linePath(points, frame), 'M0.0 10.0L50.0 5.0L100.0 0.0');
  t.equal(areaPath(points, frame), 'M0.0 10.0L50.0 5.0L100.0 0.0L100.0 10.0L0.0 10.0Z');
  t.equal(areaPath([], frame), '');
  t.same([0, 0.3, 1, 3, 7, 12, 480].map(niceTop), [1, 0.5, 1, 5, 10, 20, 500]);
  t.end();
});

t.test('an address names a view and nothing else', (t) => {
  for (const view of VIEWS) t.equal(viewOf(hashOf(view)), view);
  for (const hash of ['', '#', '#/', '#/nowhere', '#key=secret']) t.equal(viewOf(hash), 'chat');
  t.end();
});

t.test('waits grow, and end growing', (t) => {
  const waits = [0, 1, 2, 3, 10, 50].map((attempt) => backoffMs(attempt, 1));
  t.same(waits, [300, 600, 1200, 2400, 8000, 8000]);
  t.equal(backoffMs(0, 0), 150);
  t.end();
});

t.test('the sentence in an error of any shape', (t) => {
  t.equal(sentenceIn('{"error":{"message":"No."}}', 400), 'No.');
  t.equal(sentenceIn('{"error":"No."}', 400), 'No.');
  t.equal(sentenceIn('{"message":"No."}', 400), 'No.');
  t.equal(sentenceIn('{"detail":"No."}', 400), 'No.');
  t.equal(sentenceIn('plain words', 400), 'plain words');
  t.equal(sentenceIn('', 502), 'HTTP 502');
  t.equal(sentenceIn('{}', 502), 'HTTP 502');
  t.end();
});
