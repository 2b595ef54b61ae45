import t from 'tap';

import { harmless, isClosed, paintFor } from '../../../../src/cli/client/terminal-text.js';
import { Written } from '../../../doubles/written.js';

t.test('a terminal is not told what to do', (t) => {
  t.equal(harmless('\x1b]0;owned\x07 \x1b[2J'), '^[]0;owned^G ^[[2J');
  t.equal(harmless('a\tb\nc\r\n日本 😀 é'), 'a\tb\nc\n日本 😀 é');
  t.equal(harmless('\x7f\x9b'), '\ufffd\ufffd');
  t.end();
});

t.test('colours are for terminals that want them', (t) => {
  t.equal(paintFor(new Written({ isTTY: true }), true).dim('x'), '\x1b[2mx\x1b[22m');
  t.equal(paintFor(new Written({ isTTY: true }), false).dim('x'), 'x');
  t.equal(paintFor(new Written(), true).dim('x'), 'x');
  t.end();
});

t.test('a reader that left', (t) => {
  const out = new Written();
  t.notOk(isClosed(out));
  t.notOk(isClosed({ write: () => true }));
  out.destroy();
  t.ok(isClosed(out));
  t.end();
});
