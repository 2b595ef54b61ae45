import t from 'tap';

import { createLogger, logLevelOf, logLines } from '../../../src/observability/logger.js';

function capture(isTTY: boolean, useColor = false, level: 'info' | 'warn' = 'info') {
  const lines: string[] = [];
  let nowMs = new Date(2026, 0, 2, 3, 4, 5).getTime();
  const log = createLogger({
    sink: { isTTY, write: (text) => lines.push(text) },
    level,
    useColor,
    now: () => new Date(nowMs),
  });
  return { log, lines, advance: (ms: number) => (nowMs += ms) };
}

t.test('lines carry local time and a level only when it matters', (t) => {
  const { log, lines } = capture(false);
  log.debug('hidden');
  log.info('hello');
  log.warn('careful');
  log.error('broken');
  t.strictSame(lines, [
    '[2026-01-02 03:04:05] hello\n',
    '[2026-01-02 03:04:05] WARNING: careful\n',
    '[2026-01-02 03:04:05] ERROR: broken\n',
  ]);
  t.end();
});

t.test('no message forges a line or moves the cursor', (t) => {
  const { log, lines } = capture(false);
  log.info('rid a\n[2026-01-01 00:00:00] ERROR: forged\r\u001b[2J\u007f\u0085\u2028\u202e ½ 🙂');
  t.strictSame(lines, [
    '[2026-01-02 03:04:05] rid a\\n[2026-01-01 00:00:00] ERROR: forged\\r\\u001b[2J\\u007f\\u0085\\u2028\\u202e ½ 🙂\n',
  ]);
  logLines(log, 'warn', 'one\ntwo');
  t.equal(lines.length, 3);
  t.end();
});

t.test('color is an option', (t) => {
  const { log, lines } = capture(false, true);
  log.error('broken');
  t.match(lines[0], '\u001b[31m');
  t.end();
});

t.test('progress is a bar on a terminal and seldom a line elsewhere', (t) => {
  const terminal = capture(true);
  const bar = terminal.log.progress('Loading');
  bar.update(0.5, '1 GB');
  bar.done();
  t.match(terminal.lines[0], /^\r.*Loading \[#{15}\.{15}\] 50% 1 GB$/);

  const file = capture(false);
  const progress = file.log.progress('Loading');
  for (let i = 0; i < 100; i++) {
    file.advance(100);
    progress.update(i / 100);
  }
  progress.done();
  t.strictSame(file.lines, [
    '[2026-01-02 03:04:10] Loading: 49%\n',
    '[2026-01-02 03:04:15] Loading: 99%\n',
  ]);
  t.end();
});

t.test("SGLang's level names", (t) => {
  t.equal(logLevelOf('warning'), 'warn');
  const { log, lines } = capture(true, false, 'warn');
  log.info('hidden');
  log.progress('Loading').update(0.5);
  t.strictSame(lines, []);
  t.end();
});

t.test('lines for machines', (t) => {
  const lines: string[] = [];
  const log = createLogger({
    sink: { write: (line) => lines.push(line), isTTY: true },
    level: 'info',
    useColor: true,
    format: 'json',
    now: () => new Date(0),
  });
  log.log('warn', 'Two\nlines', { status: 503 });
  log.debug('left out');
  log.setLevel('debug');
  log.debug('here');
  log.progress('Load').update(0.5);
  t.strictSame(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { level: 'warn', time: '1970-01-01T00:00:00.000Z', status: 503, msg: 'Two\nlines' },
      { level: 'debug', time: '1970-01-01T00:00:00.000Z', msg: 'here' },
    ],
  );
  t.ok(lines.every((line) => line.endsWith('}\n')));
  t.end();
});
