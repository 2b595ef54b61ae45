import t from 'tap';

import { CallIdPairs } from '../../../../src/api/ollama/call-id-pairs.js';

t.test('results find their calls', (t) => {
  const ids = new CallIdPairs();
  t.strictSame(
    [ids.call('f', null), ids.call('g', 'own'), ids.call('f', null)],
    ['call00000', 'own', 'call00002'],
  );
  t.strictSame(ids.answer(null, 'own'), { id: 'own', name: 'g' });
  t.strictSame(ids.answer('f', null), { id: 'call00000', name: 'f' });
  t.strictSame(ids.answer('other', null), { id: 'call00002', name: 'f' }, 'the first that is open');
  t.strictSame(ids.answer('f', null), { id: null, name: 'f' }, 'none is left');
  t.strictSame(ids.answer(null, 'unknown'), { id: 'unknown', name: null });
  t.end();
});
