import t from 'tap';

import { StartupError } from '../../../src/core/errors.js';
import { chooseEngine } from '../../../src/http/engine.js';
import { NODE } from './engines.js';

const loads = () => Promise.resolve({ ...NODE, name: 'uws' as const });
/** What the library says on a system whose C library is too old. */
const fails = () =>
  Promise.reject(
    new Error(
      "This version of uWS.js supports only Node.js versions 16\n\nError: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /srv/uws_linux_x64_127.node)",
    ),
  );

t.test('auto takes the binary where it loads, and else says what it lacks', async (t) => {
  t.equal((await chooseEngine('auto', false, loads)).engine.name, 'uws');
  const { engine, why } = await chooseEngine('auto', false, fails);
  t.equal(engine.name, 'node');
  t.equal(why, 'uWebSockets.js has no binary that loads here: GLIBC_2.38 is missing.');
});

t.test('what is asked for is taken, or refused in one sentence', async (t) => {
  t.equal((await chooseEngine('node', false, loads)).engine.name, 'node');
  t.equal((await chooseEngine('uws', false, loads)).engine.name, 'uws');
  await t.rejects(chooseEngine('uws', false, fails), {
    constructor: StartupError,
    message: /^uWebSockets\.js has no binary .* Choose --http-server node\.$/,
  });
  const absent = () => Promise.reject(new Error("Cannot find package 'uWebSockets.js'"));
  t.match((await chooseEngine('auto', false, absent)).why, `Node ${process.version} on `);
});

t.test('TLS is served by node:https alone', async (t) => {
  const { engine, why } = await chooseEngine('auto', true, loads);
  t.equal(engine.name, 'node');
  t.equal(why, 'uWebSockets.js over TLS cuts WebSockets off whose reader is behind.');
  t.equal((await chooseEngine('node', true, loads)).engine.name, 'node');
  await t.rejects(chooseEngine('uws', true, loads), {
    constructor: StartupError,
    message: `${why} Choose --http-server node.`,
  });
});
