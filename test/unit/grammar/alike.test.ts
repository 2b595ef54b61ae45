/** Masks that are shared among the copies of a repetition are those that each of them would have. */
import t from 'tap';

import { seededRandom } from '../../../src/core/clock.js';
import type { GrammarSpec } from '../../../src/core/grammar.js';
import { compileGrammar } from '../../../src/grammar/compile.js';
import { Vocabulary } from '../../../src/grammar/vocabulary.js';
import { vocabularyOf } from '../../doubles/vocabulary.js';

/** Runs of up to six bytes, so that an end is seen from afar. */
const TOKENS = [
  'a',
  'b',
  'c',
  'd',
  'aa',
  'ab',
  'bc',
  'bcbc',
  'aaaa',
  'aaaaaa',
  'ca',
  'dd',
  'abcabc',
  'é',
  'éé',
  '"',
  '[',
  ']',
  '","',
  ',',
];
const vocabulary = new Vocabulary(vocabularyOf(TOKENS));
const ids = TOKENS.map((_, id) => id);

const GRAMMARS: readonly GrammarSpec[] = [
  { kind: 'regex', pattern: 'a{40}' },
  { kind: 'regex', pattern: '[ab]{3,30}c?' },
  { kind: 'regex', pattern: '((a|bc){2,20}d?){1,20}' },
  { kind: 'regex', pattern: '(a{0,9}b{12,20}){9}|(aa){30,60}' },
  { kind: 'regex', pattern: '(a?b?){1,30}c' },
  { kind: 'regex', pattern: '(éé|a){5,25}' },
  { kind: 'ebnf', text: 'root ::= item{2,25} "d"\nitem ::= "a" | "b" item{1,9} "c"' },
  { kind: 'json', schema: '{"type": "string", "minLength": 12, "maxLength": 40}' },
  {
    kind: 'json',
    schema: '{"type": "array", "minItems": 8, "maxItems": 20, "items": {"enum": ["a", "bcbc"]}}',
  },
];

t.test('every token is tried at every step', (t) => {
  const random = seededRandom(5);
  for (const spec of GRAMMARS) {
    const grammar = compileGrammar(spec, vocabulary, { pattern: null, isFixed: false });
    let numSteps = 0;
    for (let answer = 0; answer < 25; answer++) {
      let config = grammar.start();
      for (;;) {
        const { words } = grammar.maskOf(config);
        const here = config;
        const allowed = ids.filter((id) => grammar.accept(here, id) !== null);
        const shown = ids.filter((id) => (((words[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1);
        if (shown.join() !== allowed.join()) t.same(shown, allowed, JSON.stringify(spec));
        const token = allowed[Math.floor(random() * allowed.length)];
        const next = token === undefined ? null : grammar.accept(config, token);
        if (next === null || numSteps++ > 5_000) break;
        config = next;
      }
    }
    t.ok(numSteps > 20, JSON.stringify(spec));
  }
  t.end();
});

t.test('a long text needs as many masks as a token has bytes, and a few', (t) => {
  for (const schema of [
    '{"type":"string","maxLength":1000}',
    '{"type":"string","minLength":1000}',
  ]) {
    const grammar = compileGrammar({ kind: 'json', schema }, vocabulary, {
      pattern: null,
      isFixed: false,
    });
    let config = grammar.accept(grammar.start(), TOKENS.indexOf('"'));
    for (let i = 0; i < 1000; i++) {
      if (config === null) throw new Error('the grammar takes no text');
      grammar.maskOf(config);
      config = grammar.accept(config, 0);
    }
    t.ok(grammar.numMasks < 12, String(grammar.numMasks));
  }
  t.end();
});
