import t from 'tap';

import {
  checkFileLimit,
  FileGuard,
  fileLimit,
  numOpenFiles,
} from '../../../src/boot/file-limit.js';

t.test('too few files are one sentence', (t) => {
  for (const limit of [64, 128, 255])
    t.throws(
      () => {
        checkFileLimit(limit);
      },
      new RegExp(`may open ${limit} files .* ulimit -n`),
    );
  checkFileLimit(256);
  checkFileLimit(null);
  t.ok((fileLimit() ?? Infinity) > 0);
  t.ok(numOpenFiles() > 2);
  t.end();
});

t.test('connections are refused near the limit, and taken again well below it', (t) => {
  let numOpen = 100;
  const acts: boolean[] = [];
  const lines: string[] = [];
  const guard = new FileGuard({
    limit: 1000,
    numOpen: () => numOpen,
    server: { setAccepting: (isAccepting) => acts.push(isAccepting) },
    log: { warn: (line) => lines.push(line) },
  });
  for (numOpen of [100, 960, 967, 968, 990, 950, 936, 935, 100]) guard.check();
  t.strictSame(acts, [false, true]);
  t.match(lines, [/Refusing connections: 1000 files/]);
  t.end();
});
