/** Masks against XGrammar's, the engine that SGLang runs: bit by bit, along random answers. */
import t, { type Test } from 'tap';
import { folderFiles } from '../../../src/core/named-files.js';
import { seededRandom } from '../../../src/core/clock.js';
import type { GrammarSpec } from '../../../src/core/grammar.js';
import { joinBytes } from '../../../src/core/vocabulary-bytes.js';
import { compileGrammar, rulesOf } from '../../../src/grammar/compile.js';
import { freeLayout } from '../../../src/grammar/json/layout.js';
import { Vocabulary } from '../../../src/grammar/vocabulary.js';
import { bytesOfToken } from '../../../src/text/byte-alphabet.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';
import { ebnfText } from '../../doubles/ebnf-text.js';
import { openXGrammar } from '../../doubles/xgrammar.js';

const STOP = 0;
const NUM_WALKS = 3;
const MAX_TOKENS = 40;
const SPACE = { pattern: null, isFixed: false };

const json = (schema: object): GrammarSpec => ({ kind: 'json', schema: JSON.stringify(schema) });
const regex = (pattern: string): GrammarSpec => ({ kind: 'regex', pattern });
const ebnf = (text: string): GrammarSpec => ({ kind: 'ebnf', text });

const CASES: readonly GrammarSpec[] = [
  regex('( Yes| No)'),
  regex('[a-z]{3}-\\d{2,4}|foo+'),
  regex('(a|b)*abb'),
  regex('[^a-y"]{2}é?'),
  ebnf('root ::= "[" item ("," item)* "]"\nitem ::= [0-9]+ | root | "true"'),
  ebnf('root ::= sum\nsum ::= product (("+" | "-") product)*\nproduct ::= [0-9]+ | "(" sum ")"'),
  ebnf('root ::= root "+" [0-9] | [0-9]'),
  ebnf('root ::= "a" root "a" | "b"'),
  ebnf('root ::= ("x"? "y"?)* "z"'),
  ebnf('root ::= "\\u00e0"{1,3} "\\u20ac"'),
  json({ type: 'object' }),
  json({ type: 'array', items: { type: 'integer', minimum: -20, maximum: 150 }, maxItems: 3 }),
  json({
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 5 },
      kind: { enum: ['a', 1, null] },
      next: { $ref: '#' },
    },
    required: ['kind'],
  }),
  json({ type: 'number', minimum: 0.25, exclusiveMaximum: 12.5 }),
  json({ anyOf: [{ type: 'string', format: 'date' }, { type: 'boolean' }] }),
];

t.test('masks are those of XGrammar', async (t) => {
  const tokenizer = await Tokenizer.load(folderFiles('config/tiny'));
  const spelled = Array.from({ length: tokenizer.vocabSize }, (_, id) =>
    tokenizer.isSpecial(id) ? '' : withoutWrongBytes(tokenizer.tokenOf(id) ?? ''),
  );
  const vocabulary = new Vocabulary(
    joinBytes(
      spelled.map((token) => bytesOfToken(token)),
      [],
    ),
  );
  const xgrammar = await openXGrammar(spelled, STOP);
  for (const [i, spec] of CASES.entries()) {
    await t.test(JSON.stringify(spec).slice(0, 100), async (t) => {
      const ours = compileGrammar(spec, vocabulary, SPACE);
      const theirs = await xgrammar.compiler.compileGrammar(ebnfText(rulesOf(spec, freeLayout())));
      for (let walk = 0; walk < NUM_WALKS; walk++) {
        const draw = seededRandom(1000 * i + walk);
        const matcher = await xgrammar.matcher(theirs);
        let config = ours.start();
        for (let n = 0; n < MAX_TOKENS; n++) {
          const mask = Int32Array.from(ours.maskOf(config).words);
          if (config.isEnd) mask[0] = (mask[0] ?? 0) | (1 << STOP);
          if (!same(t, mask, await matcher.getNextTokenBitmask(), spelled)) return;
          const allowed = idsIn(mask);
          const token = allowed[Math.floor(draw() * allowed.length)] ?? STOP;
          if (token === STOP) break;
          t.ok(matcher.acceptToken(token));
          const next = ours.accept(config, token);
          if (next === null) throw new Error('a token of the mask is refused');
          config = next;
        }
        matcher.dispose();
      }
    });
  }
});

/** XGrammar lets bytes pass that no UTF-8 has. */
function withoutWrongBytes(token: string): string {
  const isWrong = (byte: number): boolean => byte === 0xc0 || byte === 0xc1 || byte >= 0xf5;
  return bytesOfToken(token).some(isWrong) ? '' : token;
}

function same(t: Test, ours: Int32Array, theirs: Int32Array, spelled: readonly string[]): boolean {
  // XGrammar sets the bits behind the vocabulary.
  const b = idsIn(theirs).filter((id) => id < spelled.length);
  const a = idsIn(ours);
  const only = (some: readonly number[], others: readonly number[]): readonly string[] => {
    const known = new Set(others);
    return some.filter((id) => !known.has(id)).map((id) => spelled[id] ?? '');
  };
  const difference = { ours: only(a, b).slice(0, 20), theirs: only(b, a).slice(0, 20) };
  return t.same(difference, { ours: [], theirs: [] });
}

function idsIn(mask: Int32Array): readonly number[] {
  const ids: number[] = [];
  mask.forEach((word, i) => {
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) ids.push(32 * i + bit);
  });
  return ids;
}
