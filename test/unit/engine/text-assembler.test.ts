import t from 'tap';

import { TextAssembler, type TextParams } from '../../../src/engine/text-assembler.js';
import { RegexPool } from '../../../src/text/regex-budget.js';
import { StopRegex } from '../../../src/text/stop-regex.js';
import { EOS, idsOf, tinyTokenizer } from '../api/tiny-tokenizer.js';

function assembler(params: Partial<TextParams> = {}): TextAssembler {
  return new TextAssembler(tinyTokenizer(), {
    stop: [],
    stopRegex: [],
    noStopTrim: false,
    skipSpecialTokens: true,
    stopTokenIds: new Set([EOS]),
    meter: new RegexPool().meter(),
    prompt: new Int32Array(0),
    ...params,
  });
}

function isTorn(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

t.test('the last token that a request may have ends it by its length, untrimmed', (t) => {
  const text = assembler({ stop: ['b'] });
  t.equal(text.push(idsOf('a')[0] ?? 0), null);
  t.equal(text.push(idsOf('b')[0] ?? 0, true), null);
  text.finish({ type: 'length', length: 2 });
  t.equal(text.text, 'ab');
  const before = assembler({ stop: ['b'] });
  t.equal(before.push(idsOf('b')[0] ?? 0), 'b', 'before the last one it stops');
  t.end();
});

t.test(
  'streams of emoji with a stop regex show whole characters, and all of the whole answer',
  (t) => {
    const answer = '🙂🚀a👩‍👩‍👧🙂 end';
    for (const pattern of ['zzz', '🙂+x', '(?s).{3}never', '(?=never)', '\\bend\\b never']) {
      const text = assembler({ stopRegex: [new StopRegex(pattern)] });
      let sent = '';
      for (const id of idsOf(answer)) {
        text.push(id);
        const now = text.text;
        if (!now.startsWith(sent) || isTorn(now)) t.fail(`${pattern}: ${now}`);
        sent = now;
      }
      text.finish({ type: 'length', length: 1 });
      t.equal(text.text, answer, pattern);
    }
    t.end();
  },
);

t.test('a hold that is cut at its bound does not cut a character', (t) => {
  const text = assembler({ stopRegex: [new StopRegex('(?s)🙂.*never')] });
  for (const id of idsOf(`x${'🙂'.repeat(700)}`)) {
    text.push(id);
    if (isTorn(text.text)) t.fail(text.text.slice(-3));
  }
  t.ok(text.text.length > 300);
  t.end();
});
