import t from 'tap';

import { terminalLog } from '../../../src/cli/terminal-log.js';

function terminal(isTTY: boolean) {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  return { err: { isTTY, columns: 80, write }, written: () => text };
}

t.test('a quiet log still shows a bar on a terminal, and nothing in a file', (t) => {
  for (const isTTY of [true, false]) {
    const { err, written } = terminal(isTTY);
    const log = terminalLog(err, { level: 'warn', showsBars: true });
    const bar = log.progress('Loading');
    bar.update(1e6, 4e6);
    log.info('news');
    bar.done();
    t.equal(written().includes('Loading'), isTTY);
    t.notMatch(written(), /news/);
    log.warn('careful');
    t.match(written(), /WARNING: careful/);
  }
  t.end();
});

t.test('a plain one has bars as it has news, and no times', (t) => {
  const { err, written } = terminal(true);
  const log = terminalLog(err, { level: 'info', format: 'plain' });
  log.progress('Downloading').update(1e6, 4e6);
  log.info('news');
  t.match(written(), /Downloading.*25%/);
  t.match(written(), /\u001b\[Knews\n/);
  log.setLevel('error');
  log.progress('Hidden').update(1e6, 4e6);
  t.notMatch(written(), /Hidden/);
  t.end();
});
