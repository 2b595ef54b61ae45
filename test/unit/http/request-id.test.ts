import t from 'tap';

import { requestIdOf } from '../../../src/http/request-id.js';

const idFor = (given: string): string => requestIdOf(new Map([['x-request-id', given]]));

t.test('a fit id is kept, any other replaced', (t) => {
  for (const fit of ['a', 'req_1-2.3', 'x'.repeat(128)]) t.equal(idFor(fit), fit);
  const unfit = ['', ' ', 'a b', 'a\r\nset-cookie: x', 'é', '\x7f', 'x'.repeat(129)];
  for (const given of unfit) t.match(idFor(given), /^[\da-f-]{36}$/, JSON.stringify(given));
  t.not(requestIdOf(new Map()), requestIdOf(new Map()));
  t.end();
});
