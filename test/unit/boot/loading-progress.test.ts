import t from 'tap';

import { LoadingProgress } from '../../../src/boot/loading-progress.js';
import { createLogger } from '../../../src/observability/logger.js';

t.test('pieces of work of which nobody knows how many follow add up, and never to all', (t) => {
  const loading = new LoadingProgress();
  const log = loading.watch(
    createLogger({
      sink: { write: () => true },
      level: 'info',
      useColor: false,
      now: () => new Date(0),
    }),
  );
  const seen = [loading.fraction];
  for (const label of ['Download', 'Quantize', 'Quantize again']) {
    const bar = log.progress(label);
    for (const fraction of [0, 0.5, 1, 7]) {
      bar.update(1000 * fraction, 1000);
      seen.push(loading.fraction);
    }
    bar.done();
  }
  t.strictSame(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  t.ok((seen.at(-1) ?? 1) < 0.9);
  t.ok((seen.at(-1) ?? 0) > 0.8);
  loading.haveWeights();
  t.equal(loading.fraction, 0.9);
  t.end();
});
