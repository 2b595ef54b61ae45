import t from 'tap';

import { readView } from '../../../../src/model/weights/view.js';

const OF = { name: 'of', path: '', offset: 0, dtype: 'f32', packing: null, shape: [2, 2] } as const;
const STORED = Float32Array.of(3, 4, 0, 0);

t.test('rows of a view may have length 1, but for those of zeros', (t) => {
  const read = (_: unknown, begin: number, end: number): Float32Array =>
    STORED.slice(2 * begin, 2 * end);
  const lines = { begin: 0, run: 2, stride: 2, order: null };
  const view = { kind: 'view', of: OF, lines, along: 'rows', first: 0 } as const;
  const rows = { begin: 0, end: 2, columns: 2 };
  t.same([...readView(read, view, rows)], [3, 4, 0, 0]);
  const units = readView(read, { ...view, isUnit: true }, rows);
  t.same([...units], [...Float32Array.of(0.6, 0.8, 0, 0)]);
  t.same([...STORED], [3, 4, 0, 0], 'what is stored stays as it is');
  t.end();
});
