import t from 'tap';

import { Detokenizer } from '../../../src/text/detokenizer.js';
import type { Tokenizer } from '../../../src/text/tokenizer.js';
import { EOS, idsOf, tinyTokenizer, TOOL } from '../api/tiny-tokenizer.js';
import { sentencePieceTokenizer } from './sentence-piece-tokenizer.js';

const NO_PROMPT = new Int32Array(0);

function deltas(tokenizer: Tokenizer, ids: readonly number[], options = {}): string[] {
  const detokenizer = new Detokenizer(tokenizer, {
    skipSpecialTokens: true,
    prompt: NO_PROMPT,
    ...options,
  });
  return [...ids.map((id) => detokenizer.push(id)), detokenizer.flush()];
}

for (const [kind, tokenizer] of [
  ['byte-level', tinyTokenizer()],
  ['sentence-piece with byte fallback', sentencePieceTokenizer()],
] as const) {
  t.test(`${kind}: half a character is held back`, async (t) => {
    const parts = deltas(tokenizer, [...(await tokenizer.encode('🙂é'))]);
    t.equal(parts.join('').trim(), '🙂é');
    t.notOk(parts.some((delta) => /\uFFFD|^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/.test(delta)));
  });
}

t.test('special tokens are text only when they are not skipped', (t) => {
  const tokenizer = tinyTokenizer();
  const ids = [...idsOf('a'), TOOL, ...idsOf('b'), EOS];
  t.equal(deltas(tokenizer, ids).join(''), 'ab');
  t.equal(deltas(tokenizer, ids, { skipSpecialTokens: false }).join(''), 'a<tool>b</s>');
  t.end();
});

t.test('a skipped token between two halves of a character is as if it were not there', (t) => {
  const tokenizer = tinyTokenizer();
  const [first = 0, second = 0] = idsOf('é');
  t.equal(deltas(tokenizer, [first, TOOL, second]).join(''), 'é');
  t.end();
});

t.test('an answer that goes on behind a prompt keeps its first space', async (t) => {
  const tokenizer = sentencePieceTokenizer();
  const answer = [...(await tokenizer.encode('folder', false))];
  t.equal(deltas(tokenizer, answer).join(''), 'folder');
  const prompt = await tokenizer.encode('open the');
  t.equal(deltas(tokenizer, answer, { prompt }).join(''), ' folder');
});

t.test('what the prompt left open is not part of the answer', async (t) => {
  const tokenizer = sentencePieceTokenizer();
  const bytes = (text: string): number[] => [...Buffer.from(text)].map((byte) => 3 + byte);
  const prompt = Int32Array.from([...(await tokenizer.encode('a')), ...bytes('\n')]);
  const answer = [...bytes('\né'), ...(await tokenizer.encode('b'))];
  t.equal(deltas(tokenizer, answer, { prompt }).join(''), '\né b');
  const half = tinyTokenizer();
  const [first = 0, second = 0] = idsOf('é');
  const split = { prompt: Int32Array.of(97, first) };
  t.equal(
    deltas(half, [second, 98], split).join(''),
    'éb',
    'a character that the answer completes',
  );
});

t.test('a run of bytes that never ends is let go', (t) => {
  const tokenizer = sentencePieceTokenizer();
  const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens: true, prompt: NO_PROMPT });
  let text = '';
  for (let i = 0; i < 1000; i++) text += detokenizer.push(3 + 0x41);
  t.ok(text.length > 500, 'text flows');
  t.equal((text + detokenizer.flush()).length, 1000);
  t.end();
});
