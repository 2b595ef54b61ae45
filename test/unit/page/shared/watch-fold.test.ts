import t from 'tap';

import type { WatchState } from '../../../../src/api/ws/watch/types.js';
import { withUpdate } from '../../../../src/page/shared/watch-fold.js';

t.test('differences lead from state to state, and a gap is noticed', (t) => {
  const state = { at: 1, rights: { text: true, admin: false } } as WatchState;
  const first = withUpdate(null, { kind: 'snapshot', seq: 4, state });
  t.same(first, { seq: 4, state });
  const second = withUpdate(first, { kind: 'difference', seq: 5, patch: { at: 2 } });
  t.match(second, { seq: 5, state: { at: 2, rights: { text: true } } });
  t.equal(withUpdate(second, { kind: 'difference', seq: 7, patch: { at: 3 } }), null);
  t.equal(withUpdate(null, { kind: 'difference', seq: 0, patch: {} }), null);
  t.end();
});
