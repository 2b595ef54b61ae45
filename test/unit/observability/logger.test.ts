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
  const bar = terminal.log.progress('Load\u001bing');
  bar.update(500e6, 1e9, 'model.safetensors');
  t.strictSame(terminal.lines.splice(0), [
    `\r\u001b[KLoad\\u001bing  [${'#'.repeat(15)}${'.'.repeat(15)}]  50%  0.5 of 1.0 GB`,
  ]);
  terminal.advance(2000);
  bar.update(600e6, 1e9, 'model.safetensors');
  t.match(terminal.lines.splice(0)[0], /60% {2}0\.6 of 1\.0 GB {2}50\.0 MB\/s {2}0:08 left$/);
  bar.done();
  t.strictSame(terminal.lines, ['\r\u001b[K']);

  const file = capture(false);
  const progress = file.log.progress('Loading');
  for (let i = 0; i < 100; i++) {
    file.advance(100);
    progress.update(1e6 * i, 100e6, 'w');
  }
  progress.done();
  t.strictSame(file.lines, [
    '[2026-01-02 03:04:10] Loading: 49% (49.0 of 100.0 MB, 10.0 MB/s, 0:05 left) w\n',
    '[2026-01-02 03:04:15] Loading: 99% (99.0 of 100.0 MB, 10.0 MB/s, 0:00 left) w\n',
  ]);
  t.end();
});

t.test('a line goes above a bar, and nothing of a bar that ended is left', (t) => {
  const { log, lines } = capture(true);
  const bar = log.progress('Loading');
  bar.update(1, 2);
  const [drawn = ''] = lines.splice(0);
  log.warn('careful');
  t.strictSame(lines.splice(0), [
    `\r\u001b[K[2026-01-02 03:04:05] WARNING: careful\n${drawn.slice(4)}`,
  ]);
  bar.done();
  bar.done();
  log.info('hello');
  t.strictSame(lines, ['\r\u001b[K', '[2026-01-02 03:04:05] hello\n']);
  t.end();
});

t.test('a bar is drawn ten times a second at most, in the columns that there are', (t) => {
  const lines: string[] = [];
  let nowMs = 0;
  const sink = { isTTY: true, columns: 30, write: (text: string) => lines.push(text) };
  const log = createLogger({
    sink,
    level: 'info',
    useColor: false,
    format: 'plain',
    now: () => new Date(nowMs),
  });
  const bar = log.progress('Download somebody/some-long-name');
  for (; nowMs < 1000; nowMs += 10) bar.update(nowMs * 1000, 1e6, 'model.safetensors');
  t.equal(lines.length, 10);
  t.ok(lines.every((line) => line.slice(4).length < 30));
  t.match(lines.at(-1), /Download somebody\/some-… {2}90%$/);
  sink.columns = 0;
  bar.update(1e6, 1e6, 'model.safetensors');
  t.match(
    lines.at(-1),
    /1\.0 of 1\.0 MB {2}1\.0 MB\/s {2}0:00 left$/,
    'a terminal that does not say has 80',
  );
  log.error('broken');
  t.match(lines.at(-1), '\r\u001b[KERROR: broken\n', 'plain lines have no time');
  t.end();
});

t.test("SGLang's level names", (t) => {
  t.equal(logLevelOf('warning'), 'warn');
  const { log, lines } = capture(true, false, 'warn');
  log.info('hidden');
  log.progress('Loading').update(1, 2);
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
  log.progress('Load').update(1, 2);
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
