import t from 'tap';

import { exposure } from '../../../src/boot/exposure.js';

t.test('a server that others reach without a key says so', (t) => {
  for (const host of ['0.0.0.0', '::', '192.168.0.7', 'example.org'])
    t.match(exposure({ host, apiKey: null }), `Listening on ${host} without --api-key`);
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'LOCALHOST'])
    t.equal(exposure({ host, apiKey: null }), null, host);
  t.equal(exposure({ host: '0.0.0.0', apiKey: 'k' }), null);
  t.end();
});
