import { renameSync, rmSync, writeFileSync } from 'node:fs';

import t from 'tap';

import { TlsRefresh } from '../../../src/boot/tls-refresh.js';
import type { Tls } from '../../../src/http/tls.js';
import { keyPem, makeIdentity, writeFiles } from '../../doubles/certificates.js';

t.test('renewed files are taken once they belong together', async (t) => {
  const [old, renewed, expired] = [makeIdentity(), makeIdentity(), makeIdentity({ to: -0.5 })];
  const files = writeFiles(t, { key: keyPem(old), cert: old.cert });
  const taken: Tls[] = [];
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const refresh = new TlsRefresh({
    files: { keyFile: files.key, certFile: files.cert, keyPassword: null, caFile: null },
    renew: (tls) => taken.push(tls),
    log: { info: say, warn: say },
  });
  await refresh.look();
  await refresh.look();
  t.strictSame([taken, lines], [[], []], 'nothing has changed');

  writeFileSync(files.cert, renewed.cert);
  await refresh.look();
  await refresh.look();
  t.strictSame(taken, []);
  t.match(lines, [/^The key in .* is not that of .* goes on with its previous certificate\.$/]);
  t.equal(lines.length, 1, 'said once');

  // As certbot and mounted secrets do it: another file takes the place.
  writeFileSync(`${files.key}.new`, keyPem(renewed));
  renameSync(`${files.key}.new`, files.key);
  await refresh.look();
  t.strictSame(
    taken.map(({ cert }) => cert),
    [renewed.cert],
  );
  t.match(lines[1], /^SSL cert\/key reloaded successfully: /);

  rmSync(files.key);
  await refresh.look();
  t.match(lines[2], /^SSL key file not found: /);
  writeFileSync(files.key, keyPem(expired));
  writeFileSync(files.cert, expired.cert);
  await refresh.look();
  t.equal(taken.length, 2);
  t.match(lines.at(-1), /expired on /);
});
