/** Every decoder of the fixtures, over token lists that no encoder would write, against the library itself. */
import t from 'tap';
import { Tokenizer as Library } from 'tokenizers';

import { seededRandom } from '../../../src/core/clock.js';
import { Detokenizer } from '../../../src/text/detokenizer.js';
import type { Json } from '../../../src/text/hf-tokenizers.js';
import type { Tokenizer } from '../../../src/text/tokenizer.js';
import { goldenNames, readKind, streamed } from './tokenizer-goldens.js';

const SEED = 20261128;
const ROUNDS = 150;
/** Its Strip panics on texts shorter than what it strips, and a panic ends the process. */
const PANICS = ['regex-replace', 'strip-both-ends'];

function randomIds(random: () => number, vocabSize: number): number[] {
  // Runs of near ids: bytes of one character, and byte tokens, stand together in vocabularies.
  const ids: number[] = [];
  const length = Math.floor(24 * random());
  while (ids.length < length) {
    const base = Math.floor(vocabSize * random());
    for (let i = Math.floor(6 * random()); i >= 0; i--) ids.push(base + Math.floor(24 * random()));
  }
  return ids;
}

for (const name of goldenNames('kinds').filter((one) => !PANICS.includes(one))) {
  t.test(`${name}: text as the library decodes it, whole and in pieces`, async (t) => {
    const { made, tokenizer } = readKind(name);
    const rewritten = normalizedTokens(tokenizer);
    const library = Library.fromString(JSON.stringify(tokenizer));
    const random = seededRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const ids = randomIds(random, made.vocabSize).filter((id) => !rewritten.has(id));
      const skips = round % 2 === 0;
      const wanted = await library.decode(ids, skips);
      const parts = streamed(made, ids, skips);
      const isSame = made.decode(ids, skips) === wanted && parts.join('') === wanted;
      if (!isSame || parts.some(isTorn)) {
        t.fail(`seed ${SEED}, round ${round}: ${JSON.stringify({ ids, skips, wanted, parts })}`);
        return;
      }
    }
  });

  t.test(`${name}: an answer is the whole text less that of its prompt`, (t) => {
    const { made } = readKind(name);
    const random = seededRandom(SEED + 1);
    for (let round = 0; round < ROUNDS; round++) {
      const ids = randomIds(random, made.vocabSize);
      const cut = Math.min(5, Math.floor(ids.length * random()));
      const answer = answerOf(made, ids.slice(0, cut), ids.slice(cut));
      const [prompt, whole] = [made.decode(ids.slice(0, cut)), made.decode(ids)];
      // Where the answer completes what the prompt left open, it begins where the two texts part.
      if (whole === prompt + answer || !whole.startsWith(prompt)) continue;
      t.fail(
        `seed ${SEED}, round ${round}: ${JSON.stringify({ ids, cut, answer, prompt, whole })}`,
      );
    }
    t.end();
  });
}

/** 0.23.2 decodes these in their normalized form, 0.22.2 (transformers' own) and Radish as they are. */
function normalizedTokens(tokenizer: Json): ReadonlySet<number> {
  const added = tokenizer['added_tokens'] as readonly { id: number; normalized: boolean }[];
  return new Set(added.filter(({ normalized }) => normalized).map(({ id }) => id));
}

function isTorn(part: string): boolean {
  return /^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/.test(part);
}

function answerOf(made: Tokenizer, prompt: readonly number[], ids: readonly number[]): string {
  const options = { skipSpecialTokens: true, prompt: Int32Array.from(prompt) };
  const detokenizer = new Detokenizer(made, options);
  return ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
}
