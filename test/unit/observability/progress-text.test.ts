import t from 'tap';

import { textColumns } from '../../../src/core/text-columns.js';
import { progressBar, progressSentence } from '../../../src/observability/progress-text.js';

const STATE = {
  label: 'Download acme/tiny',
  done: 12_300_000,
  total: 25_000_000,
  detail: 'model.safetensors',
  rate: 1_250_000,
};

t.test('what matters least goes first as a terminal gets narrower', (t) => {
  const tail = '49%  12.3 of 25.0 MB  1.3 MB/s  0:10 left';
  const bar = (width: number, filled: number) =>
    `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
  t.equal(progressBar(STATE, 200), `${STATE.label}  ${bar(30, 15)}  ${tail}  ${STATE.detail}`);
  t.equal(progressBar(STATE, 100), `${STATE.label}  ${bar(30, 15)}  ${tail}`);
  t.equal(progressBar(STATE, 79), `${STATE.label}  ${bar(10, 5)}  ${tail}`);
  t.equal(progressBar(STATE, 62), `${STATE.label}  ${tail}`);
  t.equal(progressBar(STATE, 58), `Download acme/…  ${tail}`);
  t.equal(progressBar(STATE, 35), 'Download acm…  49%  12.3 of 25.0 MB');
  t.equal(progressBar(STATE, 3), '49%');
  t.equal(progressBar(STATE, 0), '');
  for (let columns = 0; columns < 130; columns++) {
    const label = '模型 🙂 acme/tiny';
    t.ok(textColumns(progressBar({ ...STATE, label }, columns)) <= columns, String(columns));
  }
  t.end();
});

t.test('numbers that lie or are not known yet', (t) => {
  const bare = { label: 'L', detail: '', rate: null };
  t.equal(progressSentence({ ...bare, done: 0, total: 0 }), 'L: 0% (0 of 0 B)');
  t.equal(progressSentence({ ...bare, done: 9, total: 3 }), 'L: 100% (3 of 3 B)');
  t.equal(
    progressSentence({ ...STATE, rate: 0 }),
    'Download acme/tiny: 49% (12.3 of 25.0 MB, 0 B/s, stalled) model.safetensors',
  );
  t.end();
});
