import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { HISTORY_LINES, HistoryFile } from '../../../../src/cli/chat/history-file.js';

t.test('what was typed is there the next time, for its user alone', (t) => {
  const path = join(t.testdir(), 'radish', 'history');
  const history = new HistoryFile(path);
  t.strictSame(history.read(), []);
  history.add('one');
  new HistoryFile(path).add('zwei');
  t.strictSame(history.read(), ['zwei', 'one']);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  chmodSync(path, 0o644);
  history.read();
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.end();
});

t.test('it stays small', (t) => {
  const path = join(t.testdir(), 'history');
  const lines = Array.from({ length: HISTORY_LINES + 50 }, (_, i) => `line ${i}`);
  writeFileSync(path, lines.join('\n'));
  const history = new HistoryFile(path);
  t.equal(history.read()[0], `line ${HISTORY_LINES + 49}`);
  t.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, HISTORY_LINES);
  history.add('x'.repeat(5000));
  t.equal(history.read()[0], `line ${HISTORY_LINES + 49}`);
  t.end();
});

t.test('where there is no place for it there is none', (t) => {
  const dir = t.testdir({ file: '' });
  const history = new HistoryFile(join(dir, 'file', 'history'));
  history.add('one');
  t.strictSame(history.read(), []);
  t.end();
});
