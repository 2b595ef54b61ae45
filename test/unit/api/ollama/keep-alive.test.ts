import t from 'tap';

import { isUnload } from '../../../../src/api/ollama/keep-alive.js';

t.test('only zero asks to unload', (t) => {
  for (const zero of [0, '0', '0s', '0m0s', '0.0h']) t.ok(isUnload(zero), String(zero));
  for (const other of [null, -1, 300, '5m', '-1', '1h30m', '1.5s', '100ms', '10µs', '0h1s']) {
    t.notOk(isUnload(other), String(other));
  }
  for (const bad of ['', 'soon', '5 m', 'm', true, [], {}]) {
    t.throws(() => isUnload(bad), { message: /^time: invalid duration / });
  }
  t.end();
});
