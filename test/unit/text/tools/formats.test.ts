import t from 'tap';

import { TOOL_PARSERS } from '../../../../src/config/parser-names.js';
import { TOOL_FORMATS } from '../../../../src/text/tools/registry.js';
import { cuttings } from '../cuttings.js';
import { called } from './called.js';
import { CASES } from './cases.js';

for (const [parser, cases] of Object.entries(CASES)) {
  t.test(parser, (t) => {
    for (const { name, text, says, calls } of cases) {
      t.strictSame(called(parser, [text]), { text: says, calls }, name);
    }
    t.end();
  });

  t.test(`${parser}: however a text is cut, it is the same`, (t) => {
    for (const { name, text, says, calls } of cases) {
      const other = [...cuttings(text)].find((parts) => {
        const found = called(parser, parts);
        return JSON.stringify(found) !== JSON.stringify({ text: says, calls });
      });
      t.equal(other, undefined, name);
    }
    t.end();
  });
}

t.test('every format has a table', (t) => {
  const tested = new Set(Object.keys(CASES).map((name) => TOOL_FORMATS[name as 'qwen']));
  for (const name of TOOL_PARSERS) t.ok(tested.has(TOOL_FORMATS[name]), name);
  t.end();
});

t.test('an answer that ends anywhere loses nothing, and no reader throws', (t) => {
  for (const [parser, cases] of Object.entries(CASES)) {
    for (const { text, name } of cases) {
      for (let end = 0; end < text.length; end++) {
        const part = text.slice(0, end);
        const found = called(parser, [part]);
        const isSame =
          found.calls.length > 0 ||
          found.text === part ||
          parser === 'gpt-oss' ||
          part.includes('<|python');
        if (!isSame) t.fail(`${parser}, ${name}: ${JSON.stringify(part)} became ${found.text}`);
      }
    }
  }
  t.end();
});
