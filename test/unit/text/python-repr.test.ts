import t from 'tap';

import { pythonRepr } from '../../../src/text/python-repr.js';

t.test('texts look as in Python', (t) => {
  for (const [text, repr] of [
    ['x', "'x'"],
    ["y'z", `"y'z"`],
    ['a"b', `'a"b'`],
    [`a"b'c`, `'a"b\\'c'`],
    ['\\ \n\r\t\u0001\u007f', "'\\\\ \\n\\r\\t\\x01\\x7f'"],
    ['é😀', "'é😀'"],
  ] as const) {
    t.equal(pythonRepr(text), repr);
  }
  t.end();
});
