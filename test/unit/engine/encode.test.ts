import t from 'tap';

import { EncodeQueue } from '../../../src/engine/encode-queue.js';
import { checkTextLengths, encoderFor } from '../../../src/engine/encode.js';
import { tinyTokenizer } from '../api/tiny-tokenizer.js';

const MI = 1024 * 1024;

t.test('no text is long enough for the regexes of tokenizers to give up', (t) => {
  const check =
    (length: number, contextLength: number, allowAutoTruncate = false) =>
    () => {
      checkTextLengths([length], null, { contextLength, allowAutoTruncate });
    };
  t.doesNotThrow(check(MI, 16), 'a short context takes a long text');
  t.throws(check(MI + 1, 16), { message: /at most 1048576 characters for this model/ });
  t.doesNotThrow(check(8 * MI, 1_000_000));
  for (const isCut of [false, true])
    t.throws(check(8 * MI + 1, 1_000_000, isCut), { message: /at most 8388608 characters/ });
  t.end();
});

t.test('texts of a request have a bound together', (t) => {
  const texts = [8 * MI, 8 * MI, 1];
  const bounds = { contextLength: 1_000_000, allowAutoTruncate: false };
  t.doesNotThrow(() => {
    checkTextLengths(texts.slice(0, 2), null, bounds);
  });
  t.throws(
    () => {
      checkTextLengths(texts, null, bounds);
    },
    { message: /at most 16777216 characters together/ },
  );
  t.end();
});

t.test('whoever asks, as a chat template does with what it wrote', async (t) => {
  const encoder = encoderFor({ tokenizer: tinyTokenizer(), encodeQueue: new EncodeQueue() });
  const message = /A text may have at most 8388608 characters/;
  await t.rejects(encoder.text(' '.repeat(8 * MI + 1), false), { message });
  await t.rejects(encoder.pair(' '.repeat(4 * MI), ' '.repeat(4 * MI + 1)), { message });
  t.equal((await encoder.text('ab', false)).length, 2);
});
