import t from 'tap';

import { StartupError } from '../../../src/core/errors.js';
import { readTls, tlsWarnings, type TlsFiles } from '../../../src/http/tls.js';
import { keyPem, makeIdentity, writeFiles } from '../../doubles/certificates.js';

const mine = makeIdentity();
const other = makeIdentity();
const expired = makeIdentity({ from: -30, to: -1 });
const paths = writeFiles(t, {
  key: keyPem(mine),
  cert: mine.cert,
  both: keyPem(mine) + mine.cert,
  locked: keyPem(mine, 'secret'),
  otherKey: keyPem(other),
  expiredKey: keyPem(expired),
  expiredCert: expired.cert,
  junk: 'junk',
});
const NONE = { keyPassword: null, caFile: null };
const FILES: TlsFiles = { keyFile: paths.key, certFile: paths.cert, ...NONE };

t.test('what belongs together is read', (t) => {
  t.match(readTls(FILES), { key: keyPem(mine), cert: mine.cert, ca: null });
  t.match(readTls({ ...FILES, keyFile: paths.locked, keyPassword: 'secret' }), { cert: mine.cert });
  t.match(readTls({ ...FILES, keyPassword: 'of no use' }), { cert: mine.cert });
  t.match(readTls({ ...FILES, keyFile: paths.both, certFile: paths.both }), { ca: null });
  t.match(readTls({ ...FILES, caFile: paths.cert }), { ca: mine.cert });
  t.end();
});

t.test('what cannot be used is one sentence, which shows no password', (t) => {
  const cases: readonly [Partial<TlsFiles>, RegExp][] = [
    [{ keyFile: 'no/key' }, /^SSL key file not found: 'no\/key'\. .* --ssl-keyfile path\.$/],
    [{ certFile: 'no/c' }, /^SSL certificate file not found: 'no\/c'\. .* --ssl-certfile path\.$/],
    [{ caFile: 'no' }, /^SSL CA certificates file not found: 'no'\. .* --ssl-ca-certs path\.$/],
    [{ keyFile: '/' }, /^SSL key file cannot be read \(EISDIR\): '\/'\./],
    [{ keyFile: paths.locked }, /is encrypted: it needs --ssl-keyfile-password\.$/],
    [
      { keyFile: paths.locked, keyPassword: 'wrong' },
      /^--ssl-keyfile-password does not open the key in '[^']*locked'\.$/,
    ],
    [{ keyFile: paths.junk }, /junk' holds no private key in PEM\.$/],
    [{ keyFile: paths.junk, keyPassword: 'wrong' }, /junk' holds no private key in PEM\.$/],
    [{ keyFile: paths.cert }, /cert' holds no private key in PEM\.$/],
    [{ certFile: paths.junk }, /junk' holds no certificate in PEM\.$/],
    [{ certFile: paths.key }, /key' holds no certificate in PEM\.$/],
    [{ caFile: paths.junk }, /junk' holds no certificate in PEM\.$/],
    [{ keyFile: paths.otherKey }, /^The key in .*otherKey' is not that of the certificate in /],
  ];
  for (const [change, message] of cases) {
    t.throws(() => readTls({ ...FILES, ...change }), { constructor: StartupError, message });
  }
  t.end();
});

t.test('a certificate that clients will refuse is a warning', (t) => {
  const tls = readTls(FILES);
  const day = 86_400_000;
  t.strictSame(tlsWarnings(tls, Date.now()), []);
  t.match(tlsWarnings(tls, Date.now() - 2 * day), [/is not valid before /]);
  const late = readTls({ keyFile: paths.expiredKey, certFile: paths.expiredCert, ...NONE });
  t.match(tlsWarnings(late, Date.now()), [
    /^The certificate in .*expiredCert' expired on .* GMT\.$/,
  ]);
  t.end();
});
