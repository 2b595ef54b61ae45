import { mock } from 'node:test';

import t from 'tap';

import { FailureLines, MAX_BURST_BYTES, MAX_BYTES_PER_S } from '../../../src/api/failure-lines.js';
import type { FailedRequest } from '../../../src/http/failure-log.js';

const REQUEST: FailedRequest = {
  status: 400,
  method: 'POST',
  path: '/generate',
  id: 'mine',
  sentence: 'No.',
};
const UNREAD: FailedRequest = { status: null, method: null, path: null, id: null, sentence: 'x' };

function setUp() {
  const lines: [level: string, message: string, fields: unknown][] = [];
  const clock = { ms: 0 };
  const failures = new FailureLines({
    log: { log: (level, message, fields) => lines.push([level, message, fields]) },
    nowMs: () => clock.ms,
  });
  const note = (change: Partial<FailedRequest>): void => {
    failures.note({ ...REQUEST, ...change });
  };
  return { lines, clock, note };
}

t.test('a line says all, and a machine reads it in fields', (t) => {
  const { lines, note } = setUp();
  note({});
  note({ rid: 'r' });
  note(UNREAD);
  t.strictSame(lines, [
    [
      'info',
      '400 POST /generate mine: No.',
      { status: 400, method: 'POST', path: '/generate', id: 'mine' },
    ],
    [
      'info',
      '400 POST /generate mine rid=r: No.',
      { status: 400, method: 'POST', path: '/generate', id: 'mine', rid: 'r' },
    ],
    ['info', '- - - -: x', {}],
  ]);
  t.end();
});

t.test('the level is by whose fault it is', (t) => {
  const { lines, note } = setUp();
  for (const status of [404, 500, 501, 503, 1009, 4401]) note({ status });
  t.strictSame(
    lines.map(([level]) => level),
    ['info', 'error', 'warn', 'warn', 'info', 'info'],
  );
  t.end();
});

t.test('a client cannot make a line long', (t) => {
  const { lines, note } = setUp();
  note({ path: '/'.repeat(9000), rid: 'r'.repeat(9000), sentence: 's'.repeat(9000) });
  const length = lines[0]?.[1].length ?? 0;
  t.ok(length > 1000 && length < 2000, String(length));
  t.end();
});

t.test('a flood is left out, and counted', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => {
    mock.timers.reset();
  });
  const { lines, clock, note } = setUp();
  const numBytes = '400 POST /generate mine: No.'.length;
  const numAtOnce = Math.floor(MAX_BURST_BYTES / numBytes);
  for (let i = 0; i < numAtOnce + 100; i++) note({});
  t.equal(lines.length, numAtOnce);
  clock.ms += 1000;
  for (let i = 0; i < 1000; i++) note({});
  const numLater = lines.length - numAtOnce;
  t.ok(Math.abs(numLater - MAX_BYTES_PER_S / numBytes) <= 1, `${numLater} in the next second`);
  mock.timers.tick(10_000);
  const [level, message] = lines.at(-1) ?? [];
  t.equal(level, 'warn');
  const numLeftOut = 1100 - numLater;
  t.equal(message, `${numLeftOut} more requests were refused or failed; their lines are left out.`);
  mock.timers.tick(60_000);
  t.equal(lines.at(-1)?.[1], message, 'said once');
  t.end();
});
