/** Ids and text of every kind of tokenizer, against what Hugging Face's libraries said: test/fixtures/make_tokenizer_kinds.py. */
import t from 'tap';

import type { Tokenizer } from '../../../src/text/tokenizer.js';
import {
  goldenNames,
  readFolder,
  readGolden,
  readKind,
  type Answers,
} from './tokenizer-goldens.js';

async function differences(
  tokenizer: Tokenizer,
  { ids, decoded }: Answers,
  strings: readonly string[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [i, text] of strings.entries()) {
    const got = [...(await tokenizer.encode(text))];
    const wanted = ids[i] ?? [];
    if (got.join() !== wanted.join()) {
      wrong.push(`${JSON.stringify(text)}: ${got.join()} instead of ${wanted.join()}`);
    }
    const back = tokenizer.decode(wanted);
    if (decoded[i] !== 0 && back !== (decoded[i] ?? text)) {
      wrong.push(`${JSON.stringify(text)} back: ${JSON.stringify([back, decoded[i]])}`);
    }
  }
  return wrong;
}

t.test('every kind of model, normalizer, pre-tokenizer, post-processor and decoder', async (t) => {
  const strings = readGolden('kinds/strings.json') as string[];
  t.ok(strings.length >= 600);
  const names = goldenNames('kinds');
  t.ok(names.length >= 36);
  for (const name of names) {
    const { made, ...answers } = readKind(name);
    t.strictSame((await differences(made, answers, strings)).slice(0, 5), [], name);
  }
});

t.test('the files beside tokenizer.json change it as AutoTokenizer does', async (t) => {
  const strings = readGolden('effective/strings.json') as string[];
  const names = goldenNames('effective');
  t.ok(names.length >= 80);
  for (const name of names) {
    const { made, eos, ...answers } = await readFolder(name);
    t.equal(made.eosTokenId, eos, `${name}: end token`);
    t.strictSame((await differences(made, answers, strings)).slice(0, 5), [], name);
  }
});
