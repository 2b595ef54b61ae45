/** Random answers to random schemas, drawn from the masks alone: node …/random-schemas.test.js [numSeeds] [firstSeed]. */
import t from 'tap';
import { seededRandom } from '../../../src/core/clock.js';
import { compileGrammar } from '../../../src/grammar/compile.js';
import type { MaskedGrammar } from '../../../src/grammar/masks.js';
import { Vocabulary } from '../../../src/grammar/vocabulary.js';
import { randomSchema } from '../../doubles/random-schema.js';
import { whyInvalid } from '../../doubles/validator.js';
import { smallVocabulary } from '../../doubles/vocabulary.js';

const [numSeeds = 1000, firstSeed = 1] = process.argv.slice(2).map(Number);
const MAX_TOKENS = 300;
const vocabulary = new Vocabulary(smallVocabulary());

/** Long runs take as long as they are asked to. */
t.setTimeout(0);

t.test(
  `${numSeeds} schemas from ${firstSeed}: every answer that ends validates`,
  { timeout: 0 },
  (t) => {
    let numEnded = 0;
    for (let seed = firstSeed; seed < firstSeed + numSeeds; seed++) {
      const schema = randomSchema(seed);
      const spec = { kind: 'json', schema: JSON.stringify(schema) } as const;
      const grammar = compileGrammar(spec, vocabulary, { pattern: null, isFixed: false });
      const text = randomAnswer(grammar, seededRandom(seed));
      if (text === null) continue;
      numEnded++;
      const why = whyInvalid(schema, text);
      if (why !== null) t.fail(`seed ${seed}: ${why}: ${text} for ${spec.schema}`);
    }
    t.ok(numEnded > 0.8 * numSeeds, `${numEnded} answers ended`);
    t.end();
  },
);

/** Null = it did not end in time. */
function randomAnswer(grammar: MaskedGrammar, draw: () => number): string | null {
  const bytes: number[] = [];
  let config = grammar.start();
  for (let n = 0; n < MAX_TOKENS; n++) {
    const { words, isEmpty } = grammar.maskOf(config);
    if (config.isEnd && (isEmpty || draw() < 0.5)) return Buffer.from(bytes).toString();
    const allowed: number[] = [];
    words.forEach((word, i) => {
      for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) allowed.push(32 * i + bit);
    });
    const quote = allowed.find((id) => vocabulary.bytesOf(id)[0] === 0x22);
    const token =
      quote !== undefined && draw() < 0.3 ? quote : allowed[Math.floor(draw() * allowed.length)];
    const next = token === undefined ? null : grammar.accept(config, token);
    if (next === null || token === undefined) throw new Error('a dead end');
    bytes.push(...vocabulary.bytesOf(token));
    config = next;
  }
  return null;
}
