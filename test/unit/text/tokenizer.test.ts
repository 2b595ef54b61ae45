import t from 'tap';

import { folderFiles } from '../../../src/core/named-files.js';
import { StartupError } from '../../../src/core/errors.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';
import { BOS, EOS, idsOf, tinyTokenizer, TOOL, VOCAB_SIZE } from '../api/tiny-tokenizer.js';
import { sentencePieceTokenizer } from './sentence-piece-tokenizer.js';

t.test('encode and decode are inverse', async (t) => {
  const tokenizer = tinyTokenizer();
  t.strictSame([...(await tokenizer.encode('hi ü'))], idsOf('hi ü'));
  t.equal(tokenizer.decode(await tokenizer.encode('hi ü')), 'hi ü');
  t.equal(tokenizer.vocabSize, VOCAB_SIZE);
  t.equal(tokenizer.eosTokenId, EOS);
  t.equal(sentencePieceTokenizer().eosTokenId, 2, 'the object spelling of eos_token');
});

t.test('the post-processor adds BOS unless it is told not to', async (t) => {
  const tokenizer = tinyTokenizer(true);
  t.strictSame([...(await tokenizer.encode('a'))], [BOS, 97]);
  t.strictSame([...(await tokenizer.encode(''))], [BOS]);
  t.strictSame([...(await tokenizer.encode('a', false))], [97]);
  t.strictSame([...(await tokenizer.encode('', false))], []);
});

t.test('special tokens in a prompt are one token each', async (t) => {
  t.strictSame([...(await tinyTokenizer().encode('a<tool>b'))], [97, TOOL, 98]);
});

t.test('nothing decodes to nothing, and unknown ids have no text', (t) => {
  const tokenizer = tinyTokenizer();
  t.equal(tokenizer.decode([]), '');
  t.equal(tokenizer.decode([EOS]), '');
  t.equal(tokenizer.decode([97, 5000, 98]), 'ab');
  t.end();
});

t.test('text is not cleaned up', (t) => {
  const tokenizer = tinyTokenizer();
  t.equal(tokenizer.decode(idsOf("it 's , so . good")), "it 's , so . good");
  t.end();
});

t.test('lone surrogates and NUL are encoded as something', async (t) => {
  const tokenizer = tinyTokenizer();
  t.equal(tokenizer.decode(await tokenizer.encode('a\ud800b\u0000')), 'a\uFFFDb\u0000');
});

t.test('a broken folder is one sentence', async (t) => {
  const dir = t.testdir({
    broken: { 'tokenizer.json': '{' },
    list: { 'tokenizer.json': '[]' },
    empty: { 'tokenizer.json': '{}' },
    long: {
      'tokenizer.json': JSON.stringify({
        added_tokens: [{ id: 1, content: 'x'.repeat(40_000_000) }],
      }),
    },
    decoder: {
      'tokenizer.json': '{}',
      'tokenizer_config.json': JSON.stringify({
        added_tokens_decoder: { 1: { content: 'x'.repeat(70_000) } },
      }),
    },
    added: { 'tokenizer.json': '{}', 'added_tokens.json': `{"${'x'.repeat(70_000)}":1}` },
  });
  const cases: [string, RegExp][] = [
    ['none', /tokenizer\.json is missing/],
    ['broken', /tokenizer\.json is not valid JSON/],
    ['list', /tokenizer\.json is not a JSON object/],
    ['long', /an added token has 40000000 characters, at most 65536/],
    ['decoder', /an added token has 70000 characters/],
    ['added', /an added token has 70000 characters/],
    ['empty', /^The tokenizer in .*empty cannot be used/],
  ];
  for (const [folder, message] of cases) {
    await t.rejects(Tokenizer.load(folderFiles(`${dir}/${folder}`)), {
      constructor: StartupError,
      message,
    });
  }
});

t.test('the bytes of a token, also of a part of a character', (t) => {
  const byteLevel = tinyTokenizer();
  t.same([...byteLevel.bytesOf(0xe2)], [0xe2]);
  t.same([...byteLevel.bytesOf(0x41)], [0x41]);
  t.same([...byteLevel.bytesOf(EOS)], [...Buffer.from('</s>')]);
  t.end();
});
