import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { folderFiles } from '../../../../../src/core/named-files.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import { loadChatTemplate } from '../../../../../src/text/load-chat-template.js';
import { Tokenizer } from '../../../../../src/text/tokenizer.js';
import { ggufFile, text, u32, u32s, type Meta } from '../../../../doubles/gguf-file.js';
import {
  ggufTokenizer,
  type Conversion,
  type TokenizerJson,
} from '../../../../doubles/gguf-tokenizer.js';

type Entries = readonly (readonly [string, Meta])[];

const TEXTS = [
  'the cat sat',
  '  two  spaces ',
  'Héllo wörld, ünïcode',
  '1234 5.6e-7',
  '漢字 かな 한글',
  '👩‍👩‍👧 🙂',
  'def f(x):\n\treturn x ** 2\n\n',
  'ﬁne ＡＢＣ',
  '',
];
const FOLDERS = join('test', 'fixtures', 'tokenizers');

async function fileOf(t: Test, metadata: Entries) {
  const path = join(t.testdir(), 'm.gguf');
  const named = [['general.architecture', text('llama')] as const, ...metadata];
  await writeFile(path, ggufFile({ metadata: named, tensors: [] }));
  return openSource(path);
}

async function jsonOf(folder: string): Promise<TokenizerJson> {
  return JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as TokenizerJson;
}

async function compare(t: Test, folder: string, conversion: Conversion): Promise<void> {
  const metadata = ggufTokenizer(await jsonOf(folder), conversion);
  const ours = await Tokenizer.load((await fileOf(t, metadata)).tokenizer);
  const theirs = await Tokenizer.load(folderFiles(folder));
  for (const one of TEXTS) {
    const ids = [...(await theirs.encode(one))];
    t.strictSame([...(await ours.encode(one))], ids, JSON.stringify(one));
    t.equal(ours.decode(ids), theirs.decode(ids));
  }
}

t.test('WordPiece has the ids of its tokenizer.json, pairs too', async (t) => {
  const roles = { cls: '[CLS]', seperator: '[SEP]', unknown: '[UNK]' };
  const folder = join(FOLDERS, 'wordpiece');
  await compare(t, folder, { kind: 'bert', roles });
  const metadata = ggufTokenizer(await jsonOf(folder), { kind: 'bert', roles });
  const ours = await Tokenizer.load((await fileOf(t, metadata)).tokenizer);
  const theirs = await Tokenizer.load(folderFiles(folder));
  t.same(await ours.encodePair('the cat', 'a hat'), await theirs.encodePair('the cat', 'a hat'));
});

t.test('Unigram has them, with its table of characters', async (t) => {
  const folder = join(FOLDERS, 'unigram-charsmap');
  const json = (await jsonOf(folder)) as TokenizerJson & {
    readonly normalizer: { readonly normalizers: readonly { precompiled_charsmap?: string }[] };
  };
  const map = json.normalizer.normalizers[0]?.precompiled_charsmap ?? '';
  const more: Entries = [
    ['tokenizer.ggml.precompiled_charsmap', u32s([...Buffer.from(map, 'base64')])],
  ];
  const roles = { bos: '<s>', eos: '</s>', unknown: '<unk>' };
  await compare(t, folder, { kind: 't5', roles, addBos: true, more });
});

t.test('the template and the tokens that end an answer come with it', async (t) => {
  const roles = { eos: '[SEP]', cls: '[CLS]', seperator: '[SEP]', unknown: '[UNK]' };
  const metadata: Entries = [
    ...ggufTokenizer(await jsonOf(join(FOLDERS, 'wordpiece')), { kind: 'bert', roles }),
    ['tokenizer.ggml.eot_token_id', u32(4)],
    ['tokenizer.chat_template', text('{{ messages[0].content }}{{ eos_token }}')],
  ];
  const source = await fileOf(t, metadata);
  const template = await loadChatTemplate({ files: source.tokenizer, file: null, name: null });
  t.ok(template);
  const { eosTokenId } = await Tokenizer.load(source.tokenizer);
  t.equal(eosTokenId, 3);
});

t.test('what cannot be read is said', async (t) => {
  const load = async (metadata: Entries) => Tokenizer.load((await fileOf(t, metadata)).tokenizer);
  await t.rejects(load([]), { message: /tokenizer\.json is missing/ });
  await t.rejects(load([['tokenizer.ggml.model', text('rwkv')]]), {
    message: /tokenizer 'rwkv' is not supported\. Supported: bert, gemma4, gpt2, llama, t5/,
  });
  const roles = { unknown: '[UNK]' };
  const json = await jsonOf(join(FOLDERS, 'wordpiece'));
  await t.rejects(load(ggufTokenizer(json, { kind: 'gpt2', pre: 'klingon', roles })), {
    message: /"tokenizer\.ggml\.pre" 'klingon' is not supported/,
  });
  await t.rejects(
    load([
      ['tokenizer.ggml.model', text('gpt2')],
      ['tokenizer.ggml.tokens', { type: 'list', of: 'text', value: [text('a')] }],
      ['tokenizer.ggml.token_type', u32s([1, 1])],
    ]),
    { message: /"tokenizer\.ggml\.token_type" has 2 entries for 1 tokens/ },
  );
});
