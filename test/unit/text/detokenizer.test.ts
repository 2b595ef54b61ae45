import t from 'tap';

import { seededRandom } from '../../../src/core/clock.js';
import { createDetokenizer } from '../../../src/text/detokenizer.js';
import type { Tokenizer } from '../../../src/text/tokenizer.js';
import { EOS, idsOf, tinyTokenizer, TOOL } from '../api/tiny-tokenizer.js';
import { sentencePieceTokenizer } from './sentence-piece-tokenizer.js';

const TEXTS = [
  'plain ascii',
  'Grüße, naïve café',
  '日本語のテキスト、中文字符',
  '🙂🚀👩‍👩‍👧‍👦 emoji with joiners',
  'mixed 中 and 🙂 and é!',
  ' leading and trailing ',
  '\n\n\ttabs\r\n',
  '\uFEFFbyte order mark inside \uFEFF too',
  '\u0000 NUL',
  '\uFFFD a real replacement character \uFFFD',
];

/** What a stream gives, after checking that no delta shows half a character that later heals. */
function streamed(tokenizer: Tokenizer, ids: readonly number[], skip: boolean): string {
  const detokenizer = createDetokenizer(tokenizer, skip);
  return ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
}

for (const [kind, tokenizer] of [
  ['byte-level', tinyTokenizer()],
  ['sentence-piece with byte fallback', sentencePieceTokenizer()],
] as const) {
  t.test(`${kind}: deltas add up to the whole text`, (t) => {
    for (const text of TEXTS) {
      // The library's byte fallback drops byte order marks, depending on where they stand.
      if (kind !== 'byte-level' && text.includes('\uFEFF')) continue;
      const ids = [...tokenizer.encode(text)];
      t.equal(streamed(tokenizer, ids, true), tokenizer.decode(ids, true), JSON.stringify(text));
    }
    t.end();
  });

  t.test(`${kind}: half a character is held back`, (t) => {
    const detokenizer = createDetokenizer(tokenizer, true);
    const deltas = [...tokenizer.encode('🙂')].map((id) => detokenizer.push(id));
    t.ok(deltas.length >= 4);
    t.equal(deltas.join('').trim(), '🙂');
    t.notOk(deltas.some((delta) => delta.includes('\uFFFD')));
    t.end();
  });
}

t.test('byte-level: any tokens at all give what decoding them at once gives', (t) => {
  const tokenizer = tinyTokenizer();
  const seed = 20260101;
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const ids = Array.from({ length: 1 + Math.floor(40 * random()) }, () =>
      Math.floor(tokenizer.vocabSize * random()),
    );
    for (const skip of [true, false]) {
      const whole = tokenizer.decode(ids, skip);
      if (streamed(tokenizer, ids, skip) === whole) continue;
      t.fail(`seed ${seed}, round ${round}: ${JSON.stringify({ ids, skip, whole })}`);
    }
  }
  t.pass();
  t.end();
});

t.test('special tokens are text only when they are not skipped', (t) => {
  const tokenizer = tinyTokenizer();
  const ids = [...idsOf('a'), TOOL, ...idsOf('b'), EOS];
  t.equal(streamed(tokenizer, ids, true), 'ab');
  t.equal(streamed(tokenizer, ids, false), 'a<tool>b</s>');
  t.end();
});

t.test('a window that never heals is given up after a few tokens', (t) => {
  const tokenizer = sentencePieceTokenizer();
  const detokenizer = createDetokenizer(tokenizer, true);
  const broken = tokenizer.encode('é')[1] ?? 0;
  let text = '';
  for (let i = 0; i < 100; i++) text += detokenizer.push(broken);
  t.ok(text.length > 80, 'text flows although it is broken');
  t.end();
});
