import { generateKeyPairSync } from 'node:crypto';

import t from 'tap';

import { StartupError } from '../../../src/core/errors.js';
import { chooseEngine } from '../../../src/http/engine.js';
import { readTls } from '../../../src/http/tls.js';
import { keyPem, makeIdentity, writeFiles } from '../../doubles/certificates.js';
import { NODE, UWS } from './engines.js';

const loads = () => Promise.resolve({ ...NODE, name: 'uws' as const });
/** What the library says on a system whose C library is too old. */
const fails = () =>
  Promise.reject(
    new Error(
      "This version of uWS.js supports only Node.js versions 16\n\nError: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /srv/uws_linux_x64_127.node)",
    ),
  );

t.test('auto takes the binary where it loads, and else says what it lacks', async (t) => {
  t.equal((await chooseEngine('auto', null, loads)).engine.name, 'uws');
  const { engine, why } = await chooseEngine('auto', null, fails);
  t.equal(engine.name, 'node');
  t.equal(why, 'uWebSockets.js has no binary that loads here: GLIBC_2.38 is missing.');
});

t.test('what is asked for is taken, or refused in one sentence', async (t) => {
  t.equal((await chooseEngine('node', null, loads)).engine.name, 'node');
  t.equal((await chooseEngine('uws', null, loads)).engine.name, 'uws');
  await t.rejects(chooseEngine('uws', null, fails), {
    constructor: StartupError,
    message: /^uWebSockets\.js has no binary .* Choose --http-server node\.$/,
  });
  const absent = () => Promise.reject(new Error("Cannot find package 'uWebSockets.js'"));
  t.match((await chooseEngine('auto', null, absent)).why, `Node ${process.version} on `);
});

t.test(
  'what uWebSockets.js has not of TLS is served by node:https',
  { skip: UWS === null && 'no binary here' },
  async (t) => {
    const identity = makeIdentity();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const unusual = makeIdentity({ key: privateKey });
    const files = writeFiles(t, {
      key: keyPem(identity),
      cert: identity.cert,
      unusualKey: keyPem(unusual),
      unusualCert: unusual.cert,
    });
    const usual = { keyFile: files.key, certFile: files.cert, keyPassword: null, caFile: null };
    const tls = readTls(usual);
    const cases = [
      [{ tls, isRenewed: false }, 'uws', /^its binary loads$/],
      [{ tls, isRenewed: true }, 'node', /^uWebSockets\.js keeps the certificate that it /],
      [
        { tls: readTls({ ...usual, caFile: files.cert }), isRenewed: false },
        'node',
        /^uWebSockets\.js cannot complete a chain from --ssl-ca-certs\.$/,
      ],
      [
        {
          tls: readTls({ ...usual, keyFile: files.unusualKey, certFile: files.unusualCert }),
          isRenewed: false,
        },
        'node',
        /^uWebSockets\.js knows no such key or certificate\.$/,
      ],
    ] as const;
    for (const [needs, name, reason] of cases) {
      const { engine, why } = await chooseEngine('auto', needs);
      t.equal(engine.name, name);
      t.match(why, reason);
      t.equal((await chooseEngine('node', needs)).engine.name, 'node');
      if (name === 'node')
        await t.rejects(chooseEngine('uws', needs), { constructor: StartupError, message: why });
    }
  },
);
