import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { folderFiles } from '../../../src/core/named-files.js';
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
    const tokenizer = await Tokenizer.load(folderFiles(fileURLToPath(folder)));
    const golden = JSON.parse(await readFile(new URL('golden.json', folder), 'utf8')) as Golden;
    t.ok(golden.texts.length > 10);
    for (const { text, ids } of golden.texts) {
      t.strictSame([...(await tokenizer.encode(text))], ids, JSON.stringify(text));
    }
    for (const { first, second, ids, typeIds } of golden.pairs) {
      const pair = await tokenizer.encodePair(first, second);
      t.strictSame([...pair.ids], ids, `${first} | ${second}`);
      t.strictSame([...pair.typeIds], typeIds);
    }
  });
}
