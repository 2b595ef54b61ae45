import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { PairTemplate } from '../../../src/text/pair-template.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';

const FIXTURES = new URL('../../../../test/fixtures/tokenizers/', import.meta.url);

interface Golden {
  readonly texts: readonly { readonly text: string; readonly ids: number[] }[];
  readonly pairs: readonly {
    readonly first: string;
    readonly second: string;
    readonly ids: number[];
    readonly typeIds: number[];
  }[];
}

for (const name of ['wordpiece', 'unigram', 'unigram-charsmap']) {
  t.test(`${name}: ids are those of the Rust library`, async (t) => {
    const folder = new URL(`${name}/`, FIXTURES);
    const tokenizer = await Tokenizer.load(fileURLToPath(folder));
    const golden = JSON.parse(await readFile(new URL('golden.json', folder), 'utf8')) as Golden;
    t.ok(golden.texts.length > 10);
    for (const { text, ids } of golden.texts) {
      t.strictSame([...tokenizer.encode(text)], ids, JSON.stringify(text));
    }
    for (const { first, second, ids, typeIds } of golden.pairs) {
      const pair = tokenizer.joinPair(
        tokenizer.encode(first, false),
        tokenizer.encode(second, false),
      );
      t.strictSame([...pair.ids], ids, `${first} | ${second}`);
      t.strictSame([...pair.typeIds], typeIds);
    }
  });
}

t.test('the older post-processors join as their models were trained', (t) => {
  const bert = { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] };
  const roberta = { type: 'RobertaProcessing', sep: ['</s>', 3], cls: ['<s>', 2] };
  const join = (processor: unknown): number[][] => {
    const template = new PairTemplate({ post_processor: processor });
    const { ids, typeIds } = template.join(Int32Array.of(7, 8), Int32Array.of(9));
    return [[...ids], [...typeIds]];
  };
  t.strictSame(join(bert), [
    [2, 7, 8, 3, 9, 3],
    [0, 0, 0, 0, 1, 1],
  ]);
  t.strictSame(join(roberta), [
    [2, 7, 8, 3, 3, 9, 3],
    [0, 0, 0, 0, 0, 0, 0],
  ]);
  const nested = { type: 'Sequence', processors: [{ type: 'ByteLevel' }, bert] };
  t.strictSame(join(nested), join(bert), 'the one of a sequence that adds tokens');
  for (const bare of [null, { type: 'ByteLevel' }, { type: 'TemplateProcessing', pair: [] }]) {
    t.strictSame(join(bare), [
      [7, 8, 9],
      [0, 0, 1],
    ]);
  }
  t.end();
});
