/** Grammars over SentencePiece's tokens: `▁` for a space, and bytes for what has no token of its own. */
import t from 'tap';

import { seededRandom, type Random } from '../../../src/core/clock.js';
import { MaskBoard } from '../../../src/core/mask-board.js';
import { DeviceMatchers, GrammarActor } from '../../../src/grammar/grammar-actor.js';
import { vocabularyBytes } from '../../../src/text/vocabulary-bytes.js';
import { sentencePieceTokenizer } from '../text/sentence-piece-tokenizer.js';

const END = 2;
const MAX_TOKENS = 60;

const PATTERNS = [
  'a b',
  ' a  b ',
  '日本',
  '(日|é|😀) ok',
  'é{2}!',
  '[😀-😎]',
  '[à-ü ]{3}',
  '[^a-z]{2}',
  '\\{ ?"[a-c日]+": (1|2)\\}',
];

function draw(random: Random, mask: Int32Array, vocabSize: number): number {
  const ids: number[] = [];
  for (let id = 0; id < vocabSize; id++) {
    if ((((mask[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1) ids.push(id);
  }
  return ids[Math.floor(random() * ids.length)] ?? -1;
}

t.test('whatever the masks allow is decoded to what the pattern says', async (t) => {
  const tokenizer = sentencePieceTokenizer();
  const { vocabSize } = tokenizer;
  const vocabulary = await vocabularyBytes(tokenizer, vocabSize, [END]);
  const [word = 0] = await tokenizer.encode('x', false);
  const before = tokenizer.decode([word]);
  const actor = new GrammarActor(vocabulary, { pattern: null, isFixed: false });
  for (const pattern of PATTERNS) {
    const texts = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) {
      const random = seededRandom(seed);
      const board = new MaskBoard({ numSlots: 1, vocabSize });
      const matchers = new DeviceMatchers(actor, board);
      const grammar = { spec: { kind: 'regex', pattern }, after: null } as const;
      matchers.handle({
        kind: 'open',
        slot: 0,
        ticket: 1,
        grammar,
        outputs: [],
        stopTokenIds: [END],
      });
      const ids: number[] = [];
      for (let ticket = 1; ids.at(-1) !== END && ids.length < MAX_TOKENS; ticket++) {
        t.equal(board.wait(0, ticket, 0), 'ready');
        ids.push(draw(random, board.mask(0), vocabSize));
        matchers.handle({ kind: 'accept', tokens: Int32Array.of(0, ticket + 1, ids.at(-1) ?? -1) });
      }
      t.equal(ids.pop(), END, `${pattern} ends`);
      // Behind a word, since the first token of a text loses its space.
      const text = tokenizer.decode([word, ...ids]).slice(before.length);
      t.match(text, new RegExp(`^(?:${pattern})$`, 'u'));
      texts.add(text);
    }
    if (/[[|?]/.test(pattern)) t.ok(texts.size > 1, `${pattern} has several texts`);
  }
});
