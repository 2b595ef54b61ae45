import t from 'tap';

import type { WatchState } from '../../../../src/api/ws/watch/types.js';
import { patched } from '../../../../src/page/shared/merge-patch.js';
import { withUpdate } from '../../../../src/page/shared/watch-fold.js';

t.test("RFC 7396's own examples", async (t) => {
  const cases: readonly (readonly [unknown, Parameters<typeof patched>[1], unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [value, patch, wanted] of cases) t.same(patched(value, patch), wanted);
});

t.test('what a patch does not name is the same object as before', async (t) => {
  const before = { a: { x: 1 }, b: { y: 1 } };
  const after = patched(before, { b: { y: 2 } }) as typeof before;
  t.equal(after.a, before.a);
  t.same(before.b, { y: 1 });
});

t.test('no name reaches a prototype', async (t) => {
  const patch = JSON.parse('{"__proto__":{"evil":1},"a":{"__proto__":{"evil":1}}}') as object;
  patched({}, patch as Parameters<typeof patched>[1]);
  t.notOk('evil' in {});
});

t.test('differences lead from state to state, and a gap is noticed', async (t) => {
  const state = { at: 1, rights: { text: true, admin: false } } as WatchState;
  const first = withUpdate(null, { kind: 'snapshot', seq: 4, state });
  t.same(first, { seq: 4, state });
  const second = withUpdate(first, { kind: 'difference', seq: 5, patch: { at: 2 } });
  t.match(second, { seq: 5, state: { at: 2, rights: { text: true } } });
  t.equal(withUpdate(second, { kind: 'difference', seq: 7, patch: { at: 3 } }), null);
  t.equal(withUpdate(null, { kind: 'difference', seq: 0, patch: {} }), null);
});
